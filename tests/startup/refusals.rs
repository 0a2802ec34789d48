//! Starts that are given up: one sentence that says what to change, and an exit code.

use std::fs;

use super::sentence;
use crate::support::service::Service;

/// A setting is wrong.
const USAGE: i32 = 2;
/// The machine does not allow what is asked.
const FAILED: i32 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_stops_the_start_with_one_sentence_that_names_it() {
    for (name, value, said) in [
        ("WORKERS", "many", "a whole number from 1"),
        ("WORKERS", "0", "a whole number from 1"),
        ("WORKERS", "-1", "a whole number from 1"),
        ("QUEUE_CAPACITY", "1.5", "a whole number from 1"),
        ("MAX_BODY_BYTES", "lots", "a size such as 16MiB"),
        ("MAX_BODY_BYTES", "0", "must be at least 1"),
        ("REQUEST_TIMEOUT", "soon", "a time such as 10s"),
        ("BODY_TIMEOUT", "10 apples", "a time such as 10s"),
        ("SHUTDOWN_TIMEOUT", "-5s", "a time such as 10s"),
        ("SHUTDOWN_TIMEOUT", "0", "must be between 1ms and 24h"),
        ("KEY_MEMORY", "23h", "must be between 1day and 100years"),
        ("KEY_MEMORY", "long", "a time such as 10s"),
        ("LISTEN_ADDR", "nowhere", "localhost:8005"),
        ("LISTEN_ADDR", "127.0.0.1", "localhost:8005"),
        ("LISTEN_ADDR", "127.0.0.1:99999", "localhost:8005"),
        ("PARTIAL_BATCHES", "perhaps", "true, false"),
        ("STRICT_BATCHES", "perhaps", "true, false"),
        ("ALLOW_ANONYMOUS", "perhaps", "true, false"),
        (
            "ALLOWED_HOSTS",
            "logs.example:80",
            "without scheme and port",
        ),
        ("ALLOWED_HOSTS", "https://logs", "without scheme and port"),
        ("TRUSTED_PROXIES", "proxy", "an address or a network"),
        ("TRUSTED_PROXIES", "10.0.0.0/40", "an address or a network"),
        ("INSTANCE", "logs 1", "letters, digits, dots"),
        ("INSTANCE", "a@b", "letters, digits, dots"),
        ("LOG_FORMAT", "xml", "text, json"),
        ("MONGODB_DATABASE", "a.b", "no such name"),
        ("MONGODB_COLLECTION", "a$b", "no such name"),
    ] {
        let flag = format!("--{}", name.to_lowercase().replace('_', "-"));
        let from_environment = Service::builder().env(name, value);
        let from_flag = Service::builder().arg(format!("{flag}={value}"));
        for start in [from_environment, from_flag] {
            let sentence = sentence(&start.start_expecting_exit().await, USAGE);
            assert!(
                sentence.contains(&flag) && sentence.contains(said),
                "{name}={value}: {sentence}"
            );
            assert!(sentence.contains(value), "{name}={value}: {sentence}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_no_parser_sees_through_stop_the_start_as_well() {
    for (name, value, said) in [
        ("RUST_LOG", "a=b=c", "RUST_LOG is no filter"),
        (
            "MAX_INFLIGHT_BYTES",
            "1MiB",
            "one request of the largest size takes",
        ),
    ] {
        let ended = Service::builder()
            .env(name, value)
            .start_expecting_exit()
            .await;
        let sentence = sentence(&ended, USAGE);
        assert!(
            sentence.starts_with(name) && sentence.contains(said),
            "{sentence}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_mongodb_uri_stops_the_start_with_its_reason() {
    for (uri, reason) in [
        ("localhost", "scheme"),
        ("http://localhost:27017", "scheme"),
        ("mongodb://", "host"),
        ("mongodb://localhost:port", "is no port"),
        ("mongodb://localhost/?w=-1", "w"),
        ("mongodb+srv://localhost:27017", "port"),
    ] {
        let ended = Service::builder()
            .mongodb(uri, "logdb")
            .start_expecting_exit()
            .await;
        let sentence = sentence(&ended, USAGE);
        let (named, given) = sentence.split_once("): ").unwrap();
        assert!(
            named.starts_with("MONGODB_URI is not a MongoDB connection string"),
            "{sentence}"
        );
        assert!(given.contains(reason), "{uri}: {sentence}");
        assert!(
            !given.contains("labels"),
            "the driver's inner parts: {sentence}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_flag_or_command_stops_the_start() {
    for argument in ["--worker-count=3", "serve-me"] {
        let ended = Service::builder()
            .arg(argument)
            .start_expecting_exit()
            .await;
        let (status, stdout, stderr) = ended;
        assert_eq!((status.code(), stdout.as_str()), (Some(USAGE), ""));
        let named = argument.split('=').next().unwrap();
        let mut lines = stderr.lines();
        let sentence = lines.next().unwrap_or_default();
        assert!(sentence.starts_with("error: "), "{stderr}");
        assert!(sentence.contains(named), "{stderr}");
        assert!(
            lines.any(|line| line.starts_with("Usage: aggregator")),
            "{stderr}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_knows_stops_the_start() {
    let command = Service::builder().env("LISTEN_ADDR", "no-such-host.invalid:0");
    let sentence = sentence(&command.start_expecting_exit().await, FAILED);
    let expected = "cannot listen on no-such-host.invalid:0: ";
    assert!(sentence.starts_with(expected), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn spool_alone_says_what_there_is() {
    let command = Service::builder().arg("spool");
    let (status, stdout, stderr) = command.start_expecting_exit().await;
    assert_eq!((status.code(), stdout.as_str()), (Some(USAGE), ""));
    assert!(
        stderr.starts_with("error: a command is missing\n"),
        "{stderr}"
    );
    for said in ["Usage: aggregator spool", "  verify", "  dump"] {
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_stops_the_start_and_leaves_no_data_behind() {
    let first = Service::builder().start().await;
    let address = first.address().to_string();
    let folder = tempfile::tempdir().unwrap();
    let second = Service::builder()
        .env("LISTEN_ADDR", &address)
        .data_dir(folder.path());
    let sentence = sentence(&second.start_expecting_exit().await, FAILED);
    assert!(
        sentence.starts_with(&format!("cannot listen on {address}: ")),
        "{sentence}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(first.get("/health").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_in_use_stops_a_second_service_and_not_the_first() {
    let first = Service::builder().start().await;
    let folder = first.data_dir().to_owned();
    let second = Service::builder().data_dir(&folder);
    let sentence = sentence(&second.clone().start_expecting_exit().await, FAILED);
    let expected = format!(
        "the data folder {} is in use by another aggregator",
        folder.display()
    );
    assert_eq!(sentence, expected);
    let record = serde_json::json!([{ "message": "still taken" }]);
    assert_eq!(first.batch(&record).await.status, 200);
    // The lock ends with its holder, however that ended.
    first.kill();
    let second = second.start().await;
    assert_eq!(second.get("/logs/retrieve").await.status, 200);
}

/// Root may write where the permissions say no, so the obstacles are of other kinds.
#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_cannot_be_written_stops_the_start() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    let blocked = scratch.path().join("blocked");
    fs::create_dir_all(blocked.join("lock")).unwrap();
    for folder in [&file, &file.join("below"), &blocked] {
        let ended = Service::builder()
            .data_dir(folder)
            .start_expecting_exit()
            .await;
        let sentence = sentence(&ended, FAILED);
        let expected = format!("cannot use the data folder {}: ", folder.display());
        assert!(sentence.starts_with(&expected), "{sentence}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_no_database_stops_the_start_and_is_left_alone() {
    for file in ["logs.sqlite3", "blocks.sqlite3"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        let content = "someone's notes, ".repeat(100);
        fs::write(&path, &content).unwrap();
        let ended = Service::builder()
            .data_dir(folder.path())
            .start_expecting_exit()
            .await;
        let sentence = sentence(&ended, FAILED);
        let expected = format!("cannot open the store {}: ", path.display());
        assert!(sentence.starts_with(&expected), "{sentence}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_a_newer_format_stops_the_start_and_keeps_its_records() {
    newer_format("rows", "logs.sqlite3", 3, 3).await;
    newer_format("blocks", "blocks.sqlite3", 3, 3).await;
}

/// `own` is the format version of a new folder's file, and `known` the last one of this layout.
async fn newer_format(layout: &str, file: &str, own: i32, known: i32) {
    let service = Service::builder().env("LAYOUT", layout).start().await;
    let record = serde_json::json!([{ "message": "kept" }]);
    assert_eq!(service.batch(&record).await.status, 200);
    service.kill();
    let path = service.data_dir().join(file);
    let set_version = |version: i32| {
        let file = rusqlite::Connection::open(&path).unwrap();
        file.pragma_update(None, "user_version", version).unwrap();
    };
    let newer = known + 1;
    set_version(newer);
    let start = Service::builder().data_dir(service.data_dir());
    let sentence = sentence(&start.clone().start_expecting_exit().await, FAILED);
    let expected = format!(
        "the store {} has format version {newer}, and this version knows {known}: use a newer aggregator",
        path.display()
    );
    assert_eq!(sentence, expected);
    set_version(own);
    let again = start.start().await;
    assert_eq!(
        again.get("/logs/retrieve").await.json()[0]["message"],
        "kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_cursors_that_cannot_be_read_stops_the_start_and_a_damaged_one_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cursor.key");
    fs::create_dir(&file).unwrap();
    let start = || Service::builder().data_dir(folder.path());
    let sentence = sentence(&start().start_expecting_exit().await, FAILED);
    let said = format!("cannot read the secret of cursors in {}: ", file.display());
    assert!(sentence.starts_with(&said), "{sentence}");
    fs::remove_dir(&file).unwrap();
    fs::write(&file, "damaged").unwrap();
    let service = start().start().await;
    let log = service.log_text();
    assert!(log.contains("the secret of cursors is damaged"), "{log}");
    let aside = fs::read(folder.path().join("cursor.key.damaged")).unwrap();
    assert_eq!(aside, b"damaged");
}
