//! `aggregator export` as a user runs it: each format, from a service and from a folder.

mod broken;
mod refused;

use std::fs;
use std::time::Duration;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::{Value, json};

use crate::support::binaries;
use crate::support::contents;
use crate::support::process::{Process, leashed};
use crate::support::query::Ended;
use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic::drained;

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
            (ended.code, ended.stdout.as_str(), ended.stderr),
            (0, "", format!("{file}: 33 records\n"))
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
    assert_eq!((first.code, first.stderr), (0, told));
    assert_eq!(first.stdout, "");
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
            &["--output", "-", "--by", "day"],
            2,
            "error: --by and --overwrite are for files: --output names one",
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
