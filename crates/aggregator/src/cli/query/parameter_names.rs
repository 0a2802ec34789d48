//! The flags behind the service's parameters: what it says of one of its own names is told of what the
//! caller has typed.

/// Parameters that a flag gives, with that flag.
const FLAGS: [(&str, &str); 12] = [
    ("startTime", "--since"),
    ("endTime", "--until"),
    ("logLevel", "--level"),
    ("minLevel", "--min-level"),
    ("caseSensitive", "--case-sensitive"),
    ("q", "--contains"),
    ("word", "--word"),
    ("regex", "--regex"),
    ("attr.KEY", "--attr"),
    ("order", "--order"),
    ("limit", "--limit"),
    ("fields", "--fields"),
];

/// The service's sentence with flags in place of its parameters; `None` when it does not begin with one,
/// and so is not about what a flag gives.
pub(in crate::cli) fn in_flags(sentence: &str) -> Option<String> {
    let mut words = sentence.split(' ');
    let first = flag(words.next()?)?;
    // Further on, a word without capitals may be just a word.
    let rest = words.map(|word| match word.contains(char::is_uppercase) {
        true => flag(word).unwrap_or(word),
        false => word,
    });
    let words: Vec<&str> = std::iter::once(first).chain(rest).collect();
    Some(words.join(" "))
}

fn flag(word: &str) -> Option<&'static str> {
    let known = FLAGS.iter().find(|(parameter, _)| *parameter == word);
    known.map(|(_, flag)| *flag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use query::Query;

    #[test]
    fn what_the_service_says_of_a_parameter_is_said_of_its_flag() {
        let many = "attr.a=1&".repeat(17);
        for (question, said) in [
            ("startTime=soon", "--since is not a time: "),
            ("endTime=soon", "--until is not a time: "),
            ("startTime=2&endTime=1", "--since is after --until"),
            ("minLevel=loud", "--min-level is no level: "),
            ("logLevel=,", "--level is empty: "),
            ("regex=(", "--regex cannot be used: "),
            ("word=!", "--word has no word: "),
            (&many, "--attr is given more than 16 times"),
            (
                &format!("q={}", "x".repeat(2000)),
                "--contains is longer than ",
            ),
        ] {
            let error = Query::parse(question, Timestamp::from_nanos(0)).unwrap_err();
            let told = in_flags(&error.to_string()).unwrap_or_default();
            assert!(told.starts_with(said), "{error}: {told}");
        }
    }

    #[test]
    fn other_sentences_stay_the_services_own() {
        for sentence in [
            "",
            "there is no parameter \"q\": known are startTime",
            "something broke",
        ] {
            assert_eq!(in_flags(sentence), None, "{sentence}");
        }
        let told = in_flags("fields has no order limit").unwrap();
        assert_eq!(told, "--fields has no order limit");
    }
}
