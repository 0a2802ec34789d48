//! The message of a log: from a service by level, now and then with a stack trace.

use super::attributes::Scratch;
use super::corpus::{SERVICES, Service};
use super::template::Template;
use rand::{Rng, RngExt as _};

const WARN: u8 = 13;
const ERROR: u8 = 17;
/// One of so many errors has a stack trace.
const ERRORS_PER_STACK_TRACE: u32 = 4;
/// Frames of a stack trace.
const FRAMES: std::ops::RangeInclusive<u32> = 3..=9;
/// What a message is filled up with.
const FILLER: &str = " The quick brown fox jumps over the lazy dog, again and again.";

/// The templates, read once.
#[derive(Debug)]
pub(super) struct Messages {
    services: Vec<ServiceTemplates>,
    length: Option<usize>,
}

/// One service's templates.
#[derive(Debug)]
struct ServiceTemplates {
    name: &'static str,
    info: Vec<Template>,
    warn: Vec<Template>,
    error: Vec<Template>,
    frames: Vec<Template>,
}

impl ServiceTemplates {
    fn new(service: &Service) -> Self {
        let parsed =
            |texts: &[&'static str]| texts.iter().map(|text| Template::parse(text)).collect();
        Self {
            name: service.name,
            info: parsed(service.info),
            warn: parsed(service.warn),
            error: parsed(service.error),
            frames: parsed(service.frames),
        }
    }
}

impl Messages {
    /// All services; every message is cut or filled to `length` bytes when there is one.
    pub(super) fn new(length: Option<usize>) -> Self {
        Self {
            services: SERVICES.iter().map(ServiceTemplates::new).collect(),
            length,
        }
    }

    /// Writes a message for a severity, and tells which service it is from.
    pub(super) fn write(
        &self,
        random: &mut impl Rng,
        severity: u8,
        scratch: &mut Scratch,
    ) -> &'static str {
        let text = scratch.clear_message();
        let Some(service) = one_of(random, &self.services) else {
            return "";
        };
        let templates = match severity {
            ERROR.. => &service.error,
            WARN.. => &service.warn,
            _ => &service.info,
        };
        if let Some(template) = one_of(random, templates) {
            template.fill(random, text);
        }
        if severity >= ERROR && random.random_range(0..ERRORS_PER_STACK_TRACE) == 0 {
            stack_trace(random, &service.frames, text);
        }
        if let Some(length) = self.length {
            fit(text, length);
        }
        service.name
    }
}

fn one_of<'a, T>(random: &mut impl Rng, all: &'a [T]) -> Option<&'a T> {
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX).max(1);
    all.get(random.random_range(0..count) as usize)
}

fn stack_trace(random: &mut impl Rng, frames: &[Template], text: &mut String) {
    for _ in 0..random.random_range(FRAMES) {
        text.push_str("\n    ");
        if let Some(frame) = one_of(random, frames) {
            frame.fill(random, text);
        }
    }
}

/// Cuts or fills a text to so many bytes; a character that does not fit is left out.
fn fit(text: &mut String, length: usize) {
    while text.len() < length {
        text.push_str(FILLER);
    }
    let mut end = length;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_and_filled_but_no_character_is_halved() {
        for (given, length, fitted) in [
            ("short", 9, "short The"),
            ("exactly", 7, "exactly"),
            ("much too long", 4, "much"),
            ("zoë", 3, "zo"),
        ] {
            let mut text = given.to_owned();
            fit(&mut text, length);
            assert_eq!(text, fitted);
        }
    }
}
