//! Names that somebody has written wrongly, and which of ours he means. Pure.

/// Below this, two names are alike by chance; clap takes the same for flags.
const ALIKE: f64 = 0.7;
/// No name of ours is nearly so long.
const LONGEST: usize = 64;
/// Shorter names are near to too many of other programs.
const SHORTEST: usize = 6;
/// From here on two letters may be wrong.
const LONG: usize = 10;
/// What people write before a name of ours to say whose it is.
const OURS: &str = "AGGREGATOR_";

/// The one of `known`, variables, that a key or a flag in any spelling comes nearest to.
pub fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    if written.len() > LONGEST {
        return None;
    }
    let written = written.replace(['-', '.', ' '], "_").to_ascii_uppercase();
    let written = written.strip_prefix(OURS).unwrap_or(&written);
    let alike = known
        .iter()
        .map(|name| (strsim::jaro(written, name), *name));
    let best = alike.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(alike, _)| *alike > ALIKE)
        .map(|(_, name)| name)
}

/// The one of `known` that a variable of the environment is, but for a slip: most that is there is of other programs.
pub fn near_miss<'a>(variable: &str, known: &[&'a str]) -> Option<&'a str> {
    if known.contains(&variable) || variable.len() > LONGEST {
        return None;
    }
    let upper = variable.to_ascii_uppercase();
    let bare = upper.strip_prefix(OURS).unwrap_or(&upper);
    if let Some(name) = known.iter().find(|name| **name == bare) {
        return Some(name);
    }
    let near = known.iter().filter_map(|name| {
        let most = if name.len() < LONG { 1 } else { 2 };
        let may_be = name.len() >= SHORTEST && name.len().abs_diff(upper.len()) <= most;
        let slips = may_be.then(|| strsim::levenshtein(&upper, name))?;
        (slips <= most).then_some((slips, *name))
    });
    near.min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = [
        "LISTEN_ADDR",
        "MAX_BODY_BYTES",
        "MAX_DECODED_BYTES",
        "RUST_LOG",
        "MONGODB_URI",
    ];

    #[test]
    fn a_key_is_known_in_any_spelling_and_with_slips() {
        for (written, meant) in [
            ("max-body-bytes", Some("MAX_BODY_BYTES")),
            ("MAX_BODY_BYTES", Some("MAX_BODY_BYTES")),
            ("maxBodyBytes", Some("MAX_BODY_BYTES")),
            ("aggregator_rust_log", Some("RUST_LOG")),
            ("listen_address", Some("LISTEN_ADDR")),
            ("mongo_uri", Some("MONGODB_URI")),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, &KNOWN), meant, "{written}");
        }
        assert_eq!(nearest(&"max_body_bytes".repeat(9), &KNOWN), None);
    }

    #[test]
    fn in_the_environment_only_a_slip_is_taken_for_one_of_ours() {
        for (variable, meant) in [
            ("LISTEN_ADR", Some("LISTEN_ADDR")),
            ("MAX_BODY_BYTE", Some("MAX_BODY_BYTES")),
            ("listen_addr", Some("LISTEN_ADDR")),
            ("AGGREGATOR_RUST_LOG", Some("RUST_LOG")),
            ("MONGODB_URL", Some("MONGODB_URI")),
            ("RUSTLOG", Some("RUST_LOG")),
            ("RUST_LOG", None),
            ("RUST_LIB", None),
            ("RUST_LOG_STYLE", None),
            ("LISTEN_FDS", None),
            ("AGGREGATOR_PORT", None),
            ("", None),
        ] {
            assert_eq!(near_miss(variable, &KNOWN), meant, "{variable}");
        }
    }
}
