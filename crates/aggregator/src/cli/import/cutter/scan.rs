//! A text looked through for the places behind which it may be cut. Pure.

/// How a text is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::import) enum Form {
    /// Behind lines.
    Lines,
    /// Behind lines with which a JSON value ends.
    Values,
    /// Behind the elements of a JSON array.
    Elements,
}

impl Form {
    /// The type that a portion is sent with.
    pub(in crate::cli::import) fn content_type(self) -> &'static str {
        match self {
            Self::Lines => "text/plain",
            Self::Values => "application/x-ndjson",
            Self::Elements => "application/json",
        }
    }

    /// The form of a text that begins so; `None` when more of it has to be known.
    pub(super) fn of(text: &[u8], is_all: bool) -> Option<Self> {
        let mut letters = text.iter().filter(|letter| !letter.is_ascii_whitespace());
        match (letters.next(), letters.next()) {
            (Some(b'{'), _) => Some(Self::Values),
            (Some(b'['), Some(b'{' | b']')) => Some(Self::Elements),
            (Some(b'['), None) if !is_all => None,
            (Some(_), _) => Some(Self::Lines),
            (None, _) => is_all.then_some(Self::Lines),
        }
    }
}

/// How far the buffer was looked through.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) at: usize,
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    /// Whether the line is no JSON, so that braces in it say nothing.
    in_text: bool,
    /// The last place to cut at that is within the target.
    pub(super) cut: Option<usize>,
    /// The last line that ends within the target, or the first one.
    pub(super) line: Option<usize>,
}

/// What stands at a place that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Within,
    /// Behind it may be cut.
    Border,
    /// The array ends.
    End,
}

impl Scan {
    /// Looks at the next byte.
    pub(super) fn step(&mut self, form: Form, byte: u8, target: usize) -> At {
        self.at += 1;
        if byte == b'\n' && (self.at <= target || self.line.is_none()) {
            self.line = Some(self.at);
        }
        match form {
            Form::Lines => border(byte == b'\n'),
            Form::Values => self.in_values(byte),
            Form::Elements => self.in_elements(byte),
        }
    }

    fn in_values(&mut self, byte: u8) -> At {
        if self.depth == 0 && !self.in_string {
            if byte == b'\n' {
                self.in_text = false;
                return At::Border;
            }
            // A line that goes on with anything else is a message, or has one behind its value.
            self.in_text |= !matches!(byte, b'{' | b'[') && !byte.is_ascii_whitespace();
            if self.in_text {
                return At::Within;
            }
        }
        self.nest(byte);
        At::Within
    }

    fn in_elements(&mut self, byte: u8) -> At {
        if self.depth == 0 && !self.in_string {
            match byte {
                b',' => return At::Border,
                b']' => return At::End,
                _ => {}
            }
        }
        self.nest(byte);
        At::Within
    }

    fn nest(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

fn border(is_border: bool) -> At {
    match is_border {
        true => At::Border,
        false => At::Within,
    }
}
