//! The file as commands change it: together, in vain, and by way of a link.

use super::*;
use crate::access::secret::Secret;
use record::pins::PinValue;
use std::os::unix::fs::PermissionsExt as _;

fn entry(name: &str) -> Entry<'_> {
    Entry {
        name,
        tenant: Some("shop"),
        scopes: &[Scope::Ingest, Scope::Read, Scope::Ingest],
        filter: Some("attr.a=\"b\"&minLevel=WARN"),
        limits: LimitArgs::default(),
        pins: &[],
        hash: Secret::new(rand::random()).hash(),
        created: Timestamp::from_nanos(0),
    }
}

fn names(file: &TokensFile) -> Vec<String> {
    let tokens = file.tokens().unwrap();
    tokens.iter().map(|token| token.name.to_string()).collect()
}

#[test]
fn tokens_come_and_go_and_what_others_wrote_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let file = TokensFile::at(path.clone());
    file.add(&entry("a")).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("# ours\n\n{text}# of a\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    file.add(&entry("b")).unwrap();
    assert_eq!(names(&file), ["a", "b"]);
    let b = file.tokens().unwrap();
    let b = b.iter().last().unwrap();
    assert_eq!((&*b.tenant, b.scopes.len()), ("shop", 2));
    assert_eq!(b.created.unwrap().to_string(), "1970-01-01T00:00:00Z");
    file.revoke("b").unwrap();
    assert_eq!(names(&file), ["a"]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# ours\n") && text.contains("# of a"),
        "{text}"
    );
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_limits_and_pins_a_token_has_is_written_as_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = TokensFile::at(folder.path().join("tokens.toml"));
    let pins = [("service.name", "\"a\\b"), ("b c", "é")];
    let pins = pins.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let limits = LimitArgs {
        records_per_second: Some(7),
        concurrent_queries: Some(2),
        ..LimitArgs::default()
    };
    let limited = Entry {
        limits,
        pins: &pins,
        ..entry("a")
    };
    file.add(&limited).unwrap();
    let tokens = file.tokens().unwrap();
    let token = tokens.iter().next().unwrap();
    let limits = token.limited.limits().to_string();
    assert_eq!(limits, "7 records/s, 2 queries");
    let pinned = token.pins.as_ref().unwrap().iter();
    let pinned = pinned.map(|(name, value)| (name.to_owned(), value.clone()));
    let given = pins
        .clone()
        .map(|(name, text)| (name, PinValue::Text(text)));
    assert_eq!(pinned.collect::<Vec<_>>(), given);
    let reads = Entry {
        scopes: &[Scope::Read],
        ..limited
    };
    let error = Entry { name: "b", ..reads };
    let error = file.add(&error).unwrap_err();
    assert!(error.is_usage(), "{error}");
    let text = error.to_string();
    assert!(text.contains("without the scope ingest"), "{text}");
}

#[test]
fn what_cannot_be_done_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let file = TokensFile::at(path.clone());
    let unknown = file.revoke("a").unwrap_err();
    assert!(unknown.to_string().contains("no token \"a\""), "{unknown}");
    assert!(!path.exists());
    file.add(&entry("a")).unwrap();
    let before = fs::read(&path).unwrap();
    let twice = file.add(&entry("a")).unwrap_err();
    assert!(twice.is_usage() && twice.to_string().contains("\"a\""));
    assert!(file.add(&entry("a b")).unwrap_err().is_usage());
    assert!(file.revoke("b").is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
    for other in [
        "token = 1\n",
        "token = []\n",
        "token = [{}]\n",
        "logs_secret\n",
    ] {
        fs::write(&path, other).unwrap();
        for error in [file.add(&entry("b")), file.revoke("a")] {
            let error = error.unwrap_err();
            assert!(
                !error.is_usage() && !error.to_string().contains("secret"),
                "{error}"
            );
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), other);
    }
}

#[test]
fn changes_at_the_same_time_all_count_also_beside_what_a_killed_one_has_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    fs::write(folder.path().join("tokens.toml.new"), "[[tok").unwrap();
    let all: Vec<String> = (0..40).map(|number| format!("t{number}")).collect();
    std::thread::scope(|scope| {
        for name in &all {
            scope.spawn(|| TokensFile::at(path.clone()).add(&entry(name)).unwrap());
        }
    });
    let mut found = names(&TokensFile::at(path.clone()));
    found.sort_unstable();
    let mut expected = all.clone();
    expected.sort_unstable();
    assert_eq!(found, expected);
    std::thread::scope(|scope| {
        for name in &all {
            scope.spawn(|| TokensFile::at(path.clone()).revoke(name).unwrap());
        }
    });
    assert!(names(&TokensFile::at(path)).is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_link_goes_on_leading_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("real.toml"), folder.path().join("link"));
    fs::write(&path, "").unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    TokensFile::at(link.clone()).add(&entry("a")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(names(&TokensFile::at(path)), ["a"]);
}
