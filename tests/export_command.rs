//! `aggregator export` as a user runs it: each format, from a service and from a folder, and on after it broke off.

use std::fs;
use std::path::Path;
use std::time::Duration;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::{Value, json};

use crate::support::contents;
use crate::support::process::{Process, leashed};
use crate::support::query::Ended;
use crate::support::scripted::{Action, Scripted};
use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic::{drained, fill};
use crate::support::{binaries, wait_until};

const PATIENCE: Duration = Duration::from_secs(120);

fn start(url: &str, args: &[&str]) -> Process {
    let mut command = leashed(binaries::aggregator(), None);
    command.arg("export").args(args).env("AGGREGATOR_URL", url);
    Process::spawn(&mut command)
}

async fn export(url: &str, args: &[&str]) -> Ended {
    let process = start(url, args);
    let status = process.wait_exit(PATIENCE).await;
    Ended {
        code: status.code().expect("it ends by itself"),
        stdout: process.stdout(),
        stderr: process.stderr(),
    }
}

/// Records of two days, of every kind.
fn records() -> Value {
    let mut records = vec![
        json!({"timestamp": "2024-10-07T23:59:59.999999999Z", "level": "ERROR", "message": "one, \"quoted\"\nand more", "service": "orders", "deep": {"a": [1, 2.5, null]}}),
        json!({"timestamp": "2024-10-08T00:00:00Z", "message": "=1+1, without a level"}),
        json!({"timestamp": "1970-01-01T00:00:00Z", "level": "custom", "message": ""}),
    ];
    records.extend((0..30_u64).map(|number| json!({"timestamp": format!("2024-10-08T00:00:{number:02}.5Z"), "level": "INFO", "message": format!("number {number}"), "n": number})));
    Value::Array(records)
}

async fn stored(service: &Service) {
    let reply = service.batch(&records()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    drained(service).await;
}

on_each_store!(each_format_has_what_the_service_gives, async |service| {
    stored(&service).await;
    let folder = service.data_dir().to_str().unwrap().to_owned();
    let is_mongodb = service.health().await["store"]["kind"] == "mongodb";
    let mut sources = vec![vec![]];
    if !is_mongodb {
        sources.push(vec!["--data-dir", folder.as_str()]);
    }
    let url = service.url("");
    let mut expected = Vec::new();
    for (flags, query) in [
        (&[][..], ""),
        (&["--format", "csv"], "format=csv"),
        (&["--level", "error,custom"], "logLevel=error,custom"),
        (
            &["-q", "NUMBER 1", "--attr", "n=!12", "--format", "csv"],
            "format=csv&q=NUMBER+1&attr.n=!12",
        ),
        (
            &["--since", "2024-10-08", "--until", "2024-10-08T00:00:05Z"],
            "startTime=2024-10-08&endTime=2024-10-08T00:00:05Z",
        ),
        (
            &["--regex", "^nothing$", "--format", "csv"],
            "format=csv&regex=^nothing$",
        ),
    ] {
        let given = service
            .get(&format!(
                "/logs/retrieve?{}{query}",
                if query.contains("format") {
                    ""
                } else {
                    "format=ndjson&"
                }
            ))
            .await;
        assert_eq!(given.status, 200, "{query}");
        expected.push((flags, given.text()));
    }
    for (flags, given) in &expected {
        for source in &sources {
            let ended = export(&url, &[source, *flags].concat()).await;
            assert_eq!(
                (ended.code, &ended.stdout),
                (0, given),
                "{flags:?} {source:?}: {}",
                ended.stderr
            );
        }
    }
    if is_mongodb {
        return;
    }
    // At rest it is the same.
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
    for (flags, given) in &expected {
        let ended = export(&url, &[&sources[1], *flags].concat()).await;
        assert_eq!(
            (ended.code, &ended.stdout),
            (0, given),
            "{flags:?}: {}",
            ended.stderr
        );
    }
});

on_each_store!(
    parquet_has_all_columns_and_comes_back_by_an_import,
    async |service| {
        stored(&service).await;
        let out = tempfile::tempdir().unwrap();
        let (file, folder) = (
            out.path().join("logs.parquet"),
            service.data_dir().to_str().unwrap().to_owned(),
        );
        let file = file.to_str().unwrap();
        let is_mongodb = service.health().await["store"]["kind"] == "mongodb";
        let mut flags = vec!["--format", "parquet", "--output", file];
        if !is_mongodb {
            flags.extend(["--data-dir", &folder]);
        }
        let ended = export(&service.url(""), &flags).await;
        assert_eq!(
            (ended.code, ended.stdout),
            (0, format!("{file}: 33 records\n")),
            "{}",
            ended.stderr
        );
        let reader = SerializedFileReader::new(fs::File::open(file).unwrap()).unwrap();
        let metadata = reader.metadata().clone();
        let schema = metadata.file_metadata().schema_descr();
        let names: Vec<&str> = schema
            .columns()
            .iter()
            .map(|column| column.name())
            .collect();
        assert_eq!(
            names,
            [
                "id",
                "time",
                "severity",
                "level",
                "message",
                "attributes",
                "received_at"
            ]
        );
        assert_eq!(metadata.file_metadata().num_rows(), 33);
        let nulls = metadata
            .row_group(0)
            .column(6)
            .statistics()
            .unwrap()
            .null_count_opt();
        assert_eq!(nulls, Some(if is_mongodb { 33 } else { 0 }));
        // Its records, in another service.
        let other = Service::builder().start().await;
        let mut command = leashed(binaries::aggregator(), None);
        command
            .args(["import", file, "--ack", "stored"])
            .env("AGGREGATOR_URL", other.url(""));
        let process = Process::spawn(&mut command);
        let status = process.wait_exit(PATIENCE).await;
        assert!(status.success(), "{}", process.stderr());
        assert_eq!(
            contents::stored(&other).await,
            contents::stored(&service).await
        );
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn each_day_has_a_file_and_none_is_written_over() {
    let service = Backend::Blocks.start("export_days").await;
    stored(&service).await;
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("logs.ndjson");
    let file = file.to_str().unwrap();
    let url = service.url("");
    let flags = ["--output", file, "--by", "day"];
    let first = export(&url, &flags).await;
    let days = ["1970-01-01", "2024-10-07", "2024-10-08"];
    let names = days.map(|day| file.replace(".ndjson", &format!("-{day}.ndjson")));
    let [one, two, three] = &names;
    let told = format!("{one}: 1 record\n{two}: 1 record\n{three}: 31 records\n");
    assert_eq!((first.code, first.stdout), (0, told), "{}", first.stderr);
    let texts = names
        .each_ref()
        .map(|name| fs::read_to_string(name).unwrap());
    let all = service.get("/logs/retrieve?format=ndjson").await.text();
    assert_eq!(texts.concat(), all);
    let is_all = || fs::read_dir(out.path()).unwrap().count() == 3;
    assert!(is_all(), "nothing else is left");
    for _ in 0..2 {
        let again = export(&url, &flags).await;
        assert_eq!((again.code, again.stdout.as_str()), (1, ""));
        let said = "1970-01-01.ndjson is there already: remove it";
        assert!(again.stderr.contains(said), "{again:?}");
    }
    let flags = [&flags[..], &["--overwrite", "--since", "2024-10-08"]].concat();
    let again = export(&url, &flags).await;
    assert_eq!(again.code, 0, "{again:?}");
    assert!(is_all(), "nothing else is left");
}

/// A record of a day, as a service gives it.
fn given(day: usize, number: usize) -> String {
    let time = logs::Timestamp::parse(&format!("2024-10-{day:02}T00:00:{number:02}Z")).unwrap();
    let id = record::id::RecordId::new(time, record::id::BatchId::from_bytes([7; 8]), 0);
    format!(
        "{{\"id\":\"{id}\",\"timestamp\":\"{time}\",\"level\":\"INFO\",\"message\":\"{day} {number}\"}}\n"
    )
}

/// A page of such records, four a day.
fn page(records: std::ops::Range<usize>, has_more: bool) -> Action {
    let body: String = records
        .map(|number| given(1 + number / 4, number))
        .collect();
    let mut headers = vec![("content-type", "application/x-ndjson".to_owned())];
    if has_more {
        headers.push(("x-next-cursor", "next".to_owned()));
    }
    Action::Answer(200, headers, body)
}

/// How an export is written.
#[derive(Debug, Clone, Copy)]
struct Form {
    format: &'static str,
    by_day: bool,
}

impl Form {
    fn flags(self, file: &str) -> Vec<&str> {
        let mut flags = vec!["--output", file, "--format", self.format];
        if self.by_day {
            flags.extend(["--by", "day"]);
        }
        flags
    }

    /// A service that gives six of ten records, fails, and then gives the rest to whoever asks from this time on,
    /// beginning with the last one of before.
    async fn failing_once(self) -> (Scripted, Option<&'static str>) {
        let (first, asked) = match (self.format, self.by_day) {
            ("parquet", false) => (0, None),
            ("parquet", true) => (3, Some("starttime=2024-10-01t00%3a00%3a03z")),
            _ => (5, Some("starttime=2024-10-02t00%3a00%3a05z")),
        };
        let server = Scripted::start(move |number| match number {
            0 => page(0..3, true),
            1 => page(3..6, true),
            2 => {
                let busy = "{\"code\":\"busy\",\"message\":\"later\"}";
                Action::Answer(503, Vec::new(), busy.to_owned())
            }
            3 => page(first..6, true),
            _ => page(6..10, false),
        });
        (server.await, asked)
    }

    /// Records in a file.
    fn records(self, path: &str) -> usize {
        let bytes = fs::read(path).unwrap();
        if self.format == "parquet" {
            let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
            let rows = reader.metadata().file_metadata().num_rows();
            return usize::try_from(rows).unwrap();
        }
        let text = String::from_utf8(bytes).unwrap();
        let heads = text.matches("id,timestamp").count();
        assert_eq!(heads, usize::from(self.format == "csv"), "{text}");
        text.lines().count() - heads
    }
}

async fn broken_off(form: Form) {
    let (server, asked) = form.failing_once().await;
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("logs");
    let file = file.to_str().unwrap();
    let flags = form.flags(file);
    let first = export(&server.url(), &flags).await;
    assert_eq!(first.code, 1, "{first:?}");
    let said = "what was exported (6 records) is not all: the same command goes on there";
    assert_eq!(first.stderr.contains(said), asked.is_some(), "{first:?}");
    assert!(
        !Path::new(file).exists(),
        "no file is taken for a whole one"
    );
    let other = export(&server.url(), &[&flags[..], &["--level", "INFO"]].concat()).await;
    let said = "is what is left of another export";
    assert!(other.code == 1 && other.stderr.contains(said), "{other:?}");
    let second = export(&server.url(), &flags).await;
    assert_eq!(second.code, 0, "{form:?}: {second:?}");
    let head = server.requests()[3].head.clone();
    assert_eq!(head.contains("starttime"), asked.is_some(), "{head}");
    assert!(asked.is_none_or(|asked| head.contains(asked)), "{head}");
    let names: Vec<String> = match form.by_day {
        false => vec![file.to_owned()],
        true => (1..4)
            .map(|day| format!("{file}-2024-10-{day:02}"))
            .collect(),
    };
    let numbers: Vec<usize> = names.iter().map(|name| form.records(name)).collect();
    let expected = if form.by_day { vec![4, 4, 2] } else { vec![10] };
    assert_eq!(numbers, expected, "{form:?}");
    let left = fs::read_dir(out.path()).unwrap().count();
    assert_eq!(left, names.len(), "nothing else is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_broke_off_goes_on_where_it_was() {
    for by_day in [false, true] {
        for format in ["ndjson", "csv", "parquet"] {
            broken_off(Form { format, by_day }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_killed_is_started_again_and_ends_with_the_same_file() {
    let service = Backend::Blocks.start("export_killed").await;
    fill(&service, 10).await;
    drained(&service).await;
    let out = tempfile::tempdir().unwrap();
    let (file, folder) = (
        out.path().join("logs.csv"),
        service.data_dir().to_str().unwrap(),
    );
    let file = file.to_str().unwrap();
    let part = format!("{file}.part");
    let flags = ["--data-dir", folder, "--format", "csv", "--output", file];
    for round in 0..3_u64 {
        let running = start("", &flags);
        wait_until("some of it to be written", PATIENCE, async || {
            let length = fs::metadata(&part).map_or(0, |file| file.len());
            running.try_wait().is_some() || length > round * 1_000_000
        })
        .await;
        running.kill();
        if Path::new(file).exists() {
            break;
        }
    }
    if !Path::new(file).exists() {
        let ended = export("", &flags).await;
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    let all = service.get("/logs/retrieve?format=csv").await.text();
    assert!(fs::read_to_string(file).unwrap() == all);
    assert!(!Path::new(&part).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_found_a_file_is_whole_and_empty() {
    let service = Backend::Blocks.start("export_wrong").await;
    let url = service.url("");
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("empty.parquet");
    let file = file.to_str().unwrap();
    for flags in [&["--format", "parquet", "--output", file][..], &[]] {
        let empty = export(&url, flags).await;
        assert_eq!(
            (empty.code, empty.stderr.as_str()),
            (0, "nothing was found\n"),
            "{empty:?}"
        );
    }
    let reader = SerializedFileReader::new(fs::File::open(file).unwrap()).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_export_is_told() {
    let service = Backend::Blocks.start("export_flags").await;
    let url = service.url("");
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let data = service.data_dir().to_str().unwrap();
    for (flags, code, said) in [
        (
            &["--since", "someday"][..],
            2,
            "error: --since is not a time: ",
        ),
        (
            &["--data-dir", data, "--since", "someday"],
            2,
            "error: --since is not a time: ",
        ),
        (
            &["--attr", "=5"],
            2,
            "error: --attr must begin with the attribute's name",
        ),
        (
            &["--by", "day"],
            2,
            "error: the following required arguments",
        ),
        (
            &["--format", "xml"],
            2,
            "error: invalid value 'xml' for '--format <FORMAT>'",
        ),
        (
            &["--data-dir", folder],
            1,
            "error: there is no embedded store in the data folder ",
        ),
        (
            &["--output", "/no/such/folder/x"],
            1,
            "error: cannot write /no/such/folder/x",
        ),
        (
            &["--url", "localhost:8005"],
            2,
            "error: --url must be an address such as",
        ),
    ] {
        let ended = export(&url, flags).await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (code, ""),
            "{flags:?}: {ended:?}"
        );
        assert!(ended.stderr.starts_with(said), "{flags:?}: {ended:?}");
    }
}
