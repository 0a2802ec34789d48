//! Colours: which part of a line has which, and whether there are any.

use super::args::ColorChoice;
use anstyle::{AnsiColor, Style};
use logs::Level;
use std::io::Write as _;

/// A part of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A level, by what it means.
    Level(Option<Level>),
    /// What stands beside the message.
    Aside,
    /// A whole record that is only a neighbour of one that was looked for.
    Neighbour,
}

/// Colours or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colors {
    has_colors: bool,
}

impl Colors {
    /// No colours.
    pub(super) const NONE: Self = Self { has_colors: false };

    /// The wish counts most; `auto` asks the terminal and the environment, as <https://no-color.org> says.
    pub(super) fn new(choice: ColorChoice, is_terminal: bool) -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let has_colors = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !is_set("NO_COLOR") && !is_dumb,
        };
        Self { has_colors }
    }

    /// Writes what `write` writes in the colours of its part.
    pub(super) fn paint(self, part: Part, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let style = self.style(part);
        // Nothing that is written to memory fails.
        drop(write!(out, "{style}"));
        write(out);
        drop(write!(out, "{style:#}"));
    }

    fn style(self, part: Part) -> Style {
        if !self.has_colors {
            return Style::new();
        }
        match part {
            Part::Aside | Part::Neighbour => Style::new().dimmed(),
            Part::Level(level) => match level {
                Some(Level::Fatal) => AnsiColor::Red.on_default().bold().invert(),
                Some(Level::Error) => AnsiColor::Red.on_default().bold(),
                Some(Level::Warn) => AnsiColor::Yellow.on_default().bold(),
                Some(Level::Info) => AnsiColor::Green.on_default(),
                Some(Level::Debug) => AnsiColor::Blue.on_default(),
                Some(Level::Trace) | None => AnsiColor::Cyan.on_default(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(colors: Colors) -> String {
        let mut out = Vec::new();
        let part = Part::Level(Some(Level::Error));
        colors.paint(part, &mut out, |out| out.extend_from_slice(b"ERROR"));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn there_are_colours_where_they_are_wanted_and_none_elsewhere() {
        let colored = "\u{1b}[1m\u{1b}[31mERROR\u{1b}[0m";
        for (choice, is_terminal, expected) in [
            (ColorChoice::Always, false, colored),
            (ColorChoice::Never, true, "ERROR"),
            (ColorChoice::Auto, false, "ERROR"),
        ] {
            assert_eq!(painted(Colors::new(choice, is_terminal)), expected);
        }
    }
}
