//! A JSON object that ends with a list, of which each element stands on a line of its own.

use serde::Serialize;

/// Writes `head`, which has a member at least, and behind its members the list with this name.
pub(super) fn write<T: Serialize>(head: &impl Serialize, name: &str, list: &[T]) -> Vec<u8> {
    // Nothing in it can fail to be written.
    let mut out = serde_json::to_vec(head).unwrap_or_default();
    // The head's own brace gives way to the list.
    out.pop();
    out.extend_from_slice(b",\n\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    for (position, element) in list.iter().enumerate() {
        if position > 0 {
            out.extend_from_slice(b",\n");
        }
        serde_json::to_writer(&mut out, element).unwrap_or_default();
    }
    out.extend_from_slice(b"]}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_element_stands_on_a_line() {
        let head = json!({"complete": true});
        for (list, expected) in [
            (&[][..], "{\"complete\":true,\n\"rows\":[]}\n"),
            (&[1, 2], "{\"complete\":true,\n\"rows\":[1,\n2]}\n"),
        ] {
            let text = String::from_utf8(write(&head, "rows", list)).unwrap();
            assert_eq!(text, expected);
        }
    }
}
