//! The template of a message, with placeholders: `order {id} paid in {ms} ms`.

use rand::{Rng, RngExt as _};

const PATHS: &[&str] = &[
    "/api/v1/orders/",
    "/api/v1/orders/search?customer=",
    "/api/v1/customers/",
    "/api/v1/carts/",
    "/api/v2/products/",
    "/static/images/product-",
];
const USERS: &[&str] = &[
    "anna", "bjørn", "chen", "dmitri", "elif", "fatima", "günther", "hiro", "ines", "joão", "kofi",
    "lucía", "mehmet", "nadia", "olga", "zoë",
];

/// A piece of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Text(&'static str),
    /// A number of a thing: `{n}`.
    Number,
    /// A database id: `{id}`.
    Id,
    /// 16 hexadecimal digits: `{hex}`.
    Hex,
    /// A duration in milliseconds: `{ms}`.
    Millis,
    /// `{path}`.
    Path,
    /// `{ip}`.
    Ip,
    /// `{user}`.
    User,
}

/// A message with its placeholders.
#[derive(Debug, Clone)]
pub(super) struct Template(Vec<Part>);

impl Template {
    /// Reads a text; a brace that begins no known placeholder stays text.
    pub(super) fn parse(text: &'static str) -> Self {
        let mut parts = Vec::new();
        let mut pieces = text.split('{');
        parts.extend(pieces.next().map(Part::Text));
        for piece in pieces {
            let (name, rest) = piece.split_once('}').unwrap_or((piece, ""));
            parts.push(part(name));
            parts.push(Part::Text(rest));
        }
        parts.retain(|part| *part != Part::Text(""));
        Self(parts)
    }

    /// Appends the message with its placeholders filled.
    pub(super) fn fill(&self, random: &mut impl Rng, text: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(words) => text.push_str(words),
                Part::Number => number(text, random.random_range(1..500)),
                Part::Id => number(text, random.random_range(1_000_000..10_000_000)),
                Part::Hex => hex(random, text),
                Part::Millis => number(text, millis(random)),
                Part::Path => path(random, text),
                Part::Ip => ip(random, text),
                Part::User => text.push_str(pick(random, USERS)),
            }
        }
    }
}

fn part(name: &'static str) -> Part {
    match name {
        "n" => Part::Number,
        "id" => Part::Id,
        "hex" => Part::Hex,
        "ms" => Part::Millis,
        "path" => Part::Path,
        "ip" => Part::Ip,
        "user" => Part::User,
        _ => Part::Text(name),
    }
}

/// One of the texts; the empty one if there are none.
pub(super) fn pick(random: &mut impl Rng, texts: &[&'static str]) -> &'static str {
    let count = u32::try_from(texts.len()).unwrap_or(u32::MAX).max(1);
    let index = random.random_range(0..count);
    texts.get(index as usize).copied().unwrap_or_default()
}

/// Most are short, a few are long, as durations are.
pub(super) fn millis(random: &mut impl Rng) -> u32 {
    match random.random_range(0..100_u32) {
        0..80 => random.random_range(1..40),
        80..98 => random.random_range(40..800),
        _ => random.random_range(800..15_000),
    }
}

/// A path of the shop.
pub(super) fn path(random: &mut impl Rng, text: &mut String) {
    text.push_str(pick(random, PATHS));
    number(text, random.random_range(1000..1_000_000));
}

/// Sixteen hexadecimal digits.
pub(super) fn hex(random: &mut impl Rng, text: &mut String) {
    let bits: u64 = random.random();
    for position in (0..16).rev() {
        let digit = u32::try_from((bits >> (position * 4)) & 15).unwrap_or(0);
        text.push(char::from_digit(digit, 16).unwrap_or('0'));
    }
}

fn ip(random: &mut impl Rng, text: &mut String) {
    let bits: u32 = random.random();
    text.push_str("10.");
    number(text, bits & 255);
    text.push('.');
    number(text, (bits >> 8) & 255);
    text.push('.');
    number(text, (bits >> 16) & 255);
}

/// A number in decimal.
pub(super) fn number(text: &mut String, number: u32) {
    let mut unit = 1_000_000_000;
    while unit > 1 && number < unit {
        unit /= 10;
    }
    while unit > 0 {
        let digit = number / unit % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
        unit /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_whole() {
        for given in [0, 7, 10, 1999, 9_999_999, u32::MAX] {
            let mut text = String::new();
            number(&mut text, given);
            assert_eq!(text, given.to_string());
        }
    }

    #[test]
    fn placeholders_are_told_from_text() {
        let Template(parts) = Template::parse("{user} paid order {id} in {ms} ms");
        let expected = [
            Part::User,
            Part::Text(" paid order "),
            Part::Id,
            Part::Text(" in "),
            Part::Millis,
            Part::Text(" ms"),
        ];
        assert_eq!(parts, expected);
    }
}
