//! The list of tokens: a line each.

use crate::access::tokens::{Token, Tokens};
use crate::cli::sanitize::in_one_line;
use record::pins::{PinValue, Pins};
use std::io::{self, Write};

const HEADS: [&str; 7] = [
    "NAME", "TENANT", "SCOPES", "CREATED", "LIMITS", "PINS", "FILTER",
];

/// Writes it, in columns.
pub(super) fn write(tokens: &Tokens, out: &mut impl Write) -> io::Result<()> {
    let heads = std::iter::once(HEADS.map(str::to_owned));
    let rows: Vec<_> = heads.chain(tokens.iter().map(row)).collect();
    let mut widths = [0; HEADS.len()];
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = text.chars().count().max(*width);
        }
    }
    for row in rows {
        let cells = row.iter().zip(widths);
        let cells = cells.map(|(text, width)| format!("{text:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        writeln!(out, "{}", line.trim_end())?;
    }
    out.flush()
}

fn row(token: &Token) -> [String; HEADS.len()] {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
    let created = token.created.map(|created| created.to_string());
    let filter = token.filter.as_ref().map(|filter| filter.text());
    [
        token.name.to_string(),
        token.tenant.to_string(),
        scopes.join(","),
        created.unwrap_or_default(),
        token.limited.limits().to_string(),
        token.pins.as_deref().map(pinned).unwrap_or_default(),
        filter.map(in_one_line).unwrap_or_default(),
    ]
}

/// Texts in quotes, since there are numbers as well.
fn pinned(pins: &Pins) -> String {
    let all = pins.iter().map(|(name, value)| match value {
        PinValue::Text(text) => format!("{name}={text:?}"),
        PinValue::Integer(number) => format!("{name}={number}"),
        PinValue::Boolean(truth) => format!("{name}={truth}"),
    });
    all.collect::<Vec<_>>().join(", ")
}
