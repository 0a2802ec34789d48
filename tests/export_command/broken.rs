//! An export that is broken off: what it leaves, and how the same command goes on there.

use std::fs;
use std::path::Path;

use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::{PATIENCE, export, start};
use crate::support::scripted::{Action, Scripted};
use crate::support::stores::Backend;
use crate::support::traffic::{drained, fill};
use crate::support::wait_until;

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

/// An export that fails behind six records of two days.
async fn failed_once(server: &Scripted, flags: &[&str]) {
    let first = export(&server.url(), flags).await;
    assert!(first.stderr.contains("(6 records) is not all"), "{first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_killed_when_its_file_had_its_name_is_found_whole() {
    let form = Form {
        format: "csv",
        by_day: false,
    };
    let (server, _) = form.failing_once().await;
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("logs");
    let file = file.to_str().unwrap();
    let flags = form.flags(file);
    failed_once(&server, &flags).await;
    // As if those had been all of them.
    fs::rename(format!("{file}.part"), file).unwrap();
    let again = export(&server.url(), &flags).await;
    assert_eq!(
        (again.code, again.stderr.as_str()),
        (0, "all of it is there already\n")
    );
    assert_eq!(form.records(file), 6);
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
    let third = export(&server.url(), &flags).await;
    assert!(
        third.stderr.contains("is there already: remove it"),
        "{third:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_was_whole_when_it_was_killed_is_not_asked_for_behind_its_end() {
    let form = Form {
        format: "ndjson",
        by_day: true,
    };
    for (until, asked) in [
        (None, "starttime=2024-10-02t23%3a59%3a59.999999999z"),
        (
            Some("2024-10-02T12:00"),
            "starttime=2024-10-02t12%3a00%3a00z",
        ),
    ] {
        let (server, _) = form.failing_once().await;
        let out = tempfile::tempdir().unwrap();
        let file = out.path().join("logs");
        let file = file.to_str().unwrap();
        let mut flags = form.flags(file);
        flags.extend(until.iter().flat_map(|until| ["--until", until]));
        failed_once(&server, &flags).await;
        let day = format!("{file}-2024-10-02");
        fs::rename(format!("{day}.part"), &day).unwrap();
        let again = export(&server.url(), &flags).await;
        assert_eq!(again.code, 0, "{again:?}");
        let head = server.requests()[3].head.clone();
        assert!(head.contains(asked), "{head}");
        assert_eq!(form.records(&day), 2, "no more is put into it");
        assert!(!Path::new(&format!("{file}.place")).exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_goes_on_is_of_the_times_at_which_it_began() {
    let form = Form {
        format: "ndjson",
        by_day: false,
    };
    let (server, _) = form.failing_once().await;
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("logs");
    let mut flags = form.flags(file.to_str().unwrap());
    flags.extend(["--since", "-90000h", "--until", "now"]);
    failed_once(&server, &flags).await;
    let second = export(&server.url(), &flags).await;
    assert_eq!(second.code, 0, "{second:?}");
    let ends = [0, 3].map(|number| {
        let head = server.requests()[number].head.clone();
        let end = head.split_once("endtime=").expect("it has an end").1;
        end.split(['&', ' ']).next().unwrap().to_owned()
    });
    assert_eq!(ends[0], ends[1]);
    assert!(ends[0].starts_with("20"), "{ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_exports_to_one_file_do_not_run_at_one_time() {
    let server = Scripted::start(|_| Action::Hang).await;
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("logs");
    let file = file.to_str().unwrap();
    let running = start(&server.url(), &["--output", file]);
    wait_until("the first one to ask", PATIENCE, async || {
        server.count() == 1
    })
    .await;
    for flags in [&["--output", file][..], &["--output", file, "--overwrite"]] {
        let second = export(&server.url(), flags).await;
        assert_eq!(second.code, 1, "{second:?}");
        let said = "logs.place is in use: another export to there is running";
        assert!(second.stderr.contains(said), "{second:?}");
    }
    assert_eq!(running.try_wait(), None);
    assert_eq!(server.count(), 1);
    running.kill();
}
