//! Numbers of things as they are said: a noun agrees with its number.

use std::fmt::Display;

/// A number with what it counts: `1 record`, `2 records`, `0 records`.
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(
    number: N,
    one: &str,
    many: &str,
) -> String {
    let noun = match number == N::from(1) {
        true => one,
        false => many,
    };
    format!("{number} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_one() {
        for (number, said) in [
            (0, "0 batches"),
            (1, "1 batch"),
            (2, "2 batches"),
            (101, "101 batches"),
        ] {
            assert_eq!(counted(number, "batch", "batches"), said);
        }
        assert_eq!(counted(1_usize, "record", "records"), "1 record");
    }
}
