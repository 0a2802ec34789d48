//! How many neighbours are asked for, and which.

use crate::http::read::parameter_error::{ParameterError, number, query};
use logs::Timestamp;
use query::{Query, once, pairs};

/// Neighbours on one side when nothing else is said, and at most.
const DEFAULT: usize = 10;
const MOST: usize = 1_000;
/// What may be said here besides the filters. Neighbours have an order of their own.
const OWN_PARAMETERS: &str = "before and after";

/// What is asked for around a record.
#[derive(Debug)]
pub(super) struct Parameters {
    /// Records before it.
    pub(super) before: usize,
    /// Records behind it.
    pub(super) after: usize,
    /// Which ones count.
    pub(super) query: Query,
}

impl Parameters {
    pub(super) fn parse(text: &str, now: Timestamp) -> Result<Self, ParameterError> {
        let (mut before, mut after, mut filters) = (None, None, Vec::new());
        for (name, value) in pairs(text)? {
            match name.as_ref() {
                "before" => once("before", &mut before, &value)?,
                "after" => once("after", &mut after, &value)?,
                "order" => {
                    return Err(ParameterError::Unknown {
                        name: name.into_owned(),
                        own: OWN_PARAMETERS,
                    });
                }
                _ => filters.push((name, value)),
            }
        }
        let count = |name, text: Option<String>| {
            text.map_or(Ok(DEFAULT), |text| number(name, &text, 0..=MOST))
        };
        Ok(Self {
            before: count("before", before)?,
            after: count("after", after)?,
            query: query(filters, now, OWN_PARAMETERS)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_this_address_does_not_have_is_refused_with_what_it_has() {
        for (text, code, said) in [
            (
                "limit=5",
                "unknown_parameter",
                "there is no parameter \"limit\": known are startTime, ",
            ),
            (
                "order=desc",
                "unknown_parameter",
                "there is no parameter \"order\": known are startTime, ",
            ),
            (
                "before=1&before=2",
                "repeated_parameter",
                "before is given more than once",
            ),
            (
                "after=2&after=2",
                "repeated_parameter",
                "after is given more than once",
            ),
            (
                "after=1001",
                "invalid_number",
                "after is no whole number from 0 to 1000",
            ),
        ] {
            let error = Parameters::parse(text, Timestamp::MIN).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            let sentence = error.to_string();
            assert!(sentence.starts_with(said), "{sentence}");
            let is_listed = sentence.ends_with("attr.KEY, before and after");
            assert_eq!(is_listed, code == "unknown_parameter", "{sentence}");
        }
        for name in ["before", "after"] {
            let error = Parameters::parse(&format!("{name}="), Timestamp::MIN).unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("{name} is empty")),
                "{error}"
            );
        }
        let parameters = Parameters::parse("after=0", Timestamp::MIN).unwrap();
        assert_eq!((parameters.before, parameters.after), (DEFAULT, 0));
    }

    proptest! {
        #[test]
        fn any_value_is_taken_or_has_an_error(name in "before|after|order|q|attr.a|[a-z]{1,3}", bytes: Vec<u8>) {
            let value: String = form_urlencoded::byte_serialize(&bytes).collect();
            if let Err(error) = Parameters::parse(&format!("{name}={value}"), Timestamp::MIN) {
                prop_assert!(!error.to_string().contains(char::is_control), "{error}");
            }
        }
    }
}
