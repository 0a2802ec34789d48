use super::*;
use std::path::PathBuf;
use std::time::Duration;

const MIB: usize = 1024 * 1024;

fn parse(args: &[&str]) -> Result<Config, String> {
    let args = [&["aggregator"], args].concat();
    let cli = Cli::try_parse_from(args).map_err(|error| told(&error))?;
    cli.config.check().map_err(|error| error.to_string())?;
    Ok(cli.config)
}

#[test]
fn sizes_and_times_are_read_with_their_units() {
    let config = parse(&[
        "--max-body-bytes",
        "2MiB",
        "--request-timeout",
        "1.5",
        "--body-timeout",
        "2m",
    ])
    .unwrap();
    assert_eq!(config.http.max_body_bytes, 2 * MIB);
    assert_eq!(config.http.request_timeout, Duration::from_millis(1500));
    assert_eq!(config.http.body_timeout, Duration::from_secs(120));
}

#[test]
fn a_wrong_value_gives_one_sentence_that_names_it() {
    for (args, said) in [
        (["--workers", "0"], "--workers"),
        (["--listen-addr", "nowhere"], "--listen-addr"),
        (["--max-body-bytes", "lots"], "--max-body-bytes"),
        (["--request-timeout", "0"], "--request-timeout"),
        (["--log-format", "xml"], "--log-format"),
        (["--mongodb-database", "a.b"], "--mongodb-database"),
        (["--mongodb-uri", "http://x"], "MONGODB_URI"),
        (["--max-inflight-bytes", "1MiB"], "MAX_INFLIGHT_BYTES"),
        (["--cursor-key", "guess me"], "CURSOR_KEY"),
        (["--rust-log", "a=b=c"], "RUST_LOG"),
    ] {
        let error = parse(&args).unwrap_err();
        assert!(error.contains(said) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn the_password_in_a_uri_is_in_no_sentence() {
    let error = parse(&["--mongodb-uri", "mongodb://u:hunter2@x:port"]).unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
}

fn read(args: &[&str]) -> Result<Cli, String> {
    let args: Vec<OsString> = [&["aggregator"], args]
        .concat()
        .iter()
        .map(OsString::from)
        .collect();
    Cli::read(&args).map_err(|error| told(&error))
}

fn asked(args: &[&str]) -> (Option<String>, String) {
    match read(args).unwrap().command {
        Some(mut command) => {
            let service = command.service_mut().unwrap();
            (service.url.clone(), service.listen_addr.to_string())
        }
        None => panic!("{args:?}"),
    }
}

#[test]
fn a_command_takes_what_it_uses_also_before_its_name() {
    for args in [
        &["health", "--listen-addr", "8006"][..],
        &["--listen-addr", "8006", "health"],
        &["rejected", "list", "--listen-addr", "8006"],
        &["--listen-addr", "8006", "rejected", "replay"],
        &["--listen-addr", "8006", "drain", "pause"],
        &["breaker", "open", "--listen-addr", "8006", "--lane", "read"],
    ] {
        assert_eq!(asked(args), (None, "127.0.0.1:8006".to_owned()));
    }
    let twice = asked(&["--listen-addr", "8006", "health", "--listen-addr", "8007"]);
    assert_eq!(twice.1, "127.0.0.1:8007");
    for args in [
        ["spool", "verify", "--data-dir", "/x"],
        ["--data-dir", "/x", "spool", "verify"],
    ] {
        match read(&args).unwrap().command {
            Some(Command::Spool(SpoolCommand::Verify(args))) => {
                assert_eq!(args.data_dir, PathBuf::from("/x"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn migrate_takes_the_folder_of_the_service() {
    for args in [
        ["migrate", "--data-dir", "/x"],
        ["--data-dir", "/x", "migrate"],
    ] {
        match read(&args).unwrap().command {
            Some(Command::Migrate(args)) => {
                assert_eq!(args.folder.data_dir, PathBuf::from("/x"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_it_does_not_use_is_refused_with_its_usage() {
    for (args, said) in [
        (
            &["query", "--listen-addr", "8006"][..],
            "unexpected argument '--listen-addr'",
        ),
        (
            &["query", "--data-dir", "x"],
            "unexpected argument '--data-dir'",
        ),
        (
            &["health", "--workers", "3"],
            "unexpected argument '--workers'",
        ),
        (
            &["spool", "verify", "--listen-addr", "8006"],
            "unexpected argument '--listen-addr'",
        ),
        (
            &["--listen-addr", "8006", "query"],
            "--listen-addr is a setting of the service",
        ),
        (
            &["--workers", "3", "health"],
            "--workers is a setting of the service",
        ),
        (
            &["health", "--url", "http://x", "--listen-addr", "8006"],
            "--url and --listen-addr say both",
        ),
        (
            &["migrate", "--layout", "blocks"],
            "unexpected argument '--layout'",
        ),
        (
            &[
                "rejected",
                "list",
                "--url",
                "http://x",
                "--listen-addr",
                "8006",
            ],
            "--url and --listen-addr say both",
        ),
        (&["spool"], "a command is missing"),
        (&["rejected"], "a command is missing"),
    ] {
        let error = read(args).unwrap_err();
        assert!(error.starts_with(&format!("error: {said}")), "{error}");
        assert!(error.contains("\nUsage: aggregator"), "{error}");
    }
}
