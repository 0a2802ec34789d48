//! `aggregator config`, and the commands that find a service by its file.

use super::{Settings, run};
use serde_json::Value;

const USAGE: Option<i32> = Some(2);
const WELL: Option<i32> = Some(0);

#[test]
fn show_says_of_each_setting_where_its_value_comes_from_and_hides_secrets() {
    let text = "mongodb_uri = \"mongodb://u:hunter2@db:27017/\"\nqueue_capacity = 40\n";
    let settings = Settings::new(text);
    let file = settings.shown();
    let arguments = ["--config", &file, "--workers", "2", "config", "show"];
    let environment = [("MAX_STREAMS", "7")];
    let (code, stdout, stderr) = run(&arguments, &environment);
    assert_eq!((code, &*stderr), (WELL, ""));
    assert!(!stdout.contains("hunter2"), "{stdout}");
    let row = |name: &str| {
        let mut rows = stdout.lines().map(|line| line.split_whitespace());
        let row = rows.find(|row| row.clone().next() == Some(name)).unwrap();
        row.skip(1).collect::<Vec<_>>().join(" ")
    };
    for (name, expected) in [
        ("WORKERS", "2 flag".to_owned()),
        ("MAX_STREAMS", "7 environment".to_owned()),
        ("QUEUE_CAPACITY", format!("40 {file}:2")),
        ("MONGODB_URI", format!("mongodb://***@db:27017/ {file}:1")),
        ("LISTEN_ADDR", "127.0.0.1:8005 default".to_owned()),
        ("TOKENS_FILE", "- not set".to_owned()),
    ] {
        assert_eq!(row(name), expected, "{stdout}");
    }

    let arguments = ["config", "show", "--config", &file, "-o", "json"];
    let (code, json, _) = run(&arguments, &environment);
    assert_eq!(code, WELL);
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.len(), stdout.lines().count());
    let queue = rows.iter().find(|row| row["name"] == "QUEUE_CAPACITY");
    let expected = serde_json::json!({
        "name": "QUEUE_CAPACITY", "value": "40", "from": "file", "file": file, "line": 2
    });
    assert_eq!(queue, Some(&expected));
    assert!(!json.contains("hunter2"), "{json}");
}

#[test]
fn check_says_ok_or_what_a_start_would_say_and_touches_nothing() {
    let settings = Settings::new("");
    let data = settings.folder.path().join("data");
    let file = settings.shown();
    let check = |text: &str| {
        settings.write(&format!("data_dir = {:?}\n{text}", data.to_str().unwrap()));
        run(&["config", "check"], &[("CONFIG_FILE", &file)])
    };
    let well = (WELL, "ok\n".to_owned(), String::new());
    assert_eq!(check("listen_addr = \"127.0.0.1:1\"\n"), well);
    let tokens = settings.folder.path().join("tokens.toml");
    std::fs::write(&tokens, "[[token]]\nname = \"a\"\n").unwrap();
    for (text, said) in [
        ("workers = 0\n".to_owned(), format!("{file}:2: workers = ")),
        (
            "max_inflight_bytes = \"1MiB\"\n".to_owned(),
            "MAX_INFLIGHT_BYTES is ".to_owned(),
        ),
        (
            "listen_addr = \"0.0.0.0:0\"\n".to_owned(),
            "LISTEN_ADDR is 0.0.0.0:0, where other machines".to_owned(),
        ),
        (
            format!("tokens_file = {:?}\n", tokens.to_str().unwrap()),
            format!("TOKENS_FILE {}: ", tokens.display()),
        ),
        (
            "tls_cert_file = \"/no/cert\"\ntls_key_file = \"/no/key\"\n".to_owned(),
            "TLS_CERT_FILE /no/cert: it cannot be read".to_owned(),
        ),
    ] {
        let (code, stdout, stderr) = check(&text);
        assert_eq!((code, &*stdout), (USAGE, ""), "{text}: {stderr}");
        assert!(stderr.starts_with(&format!("error: {said}")), "{stderr}");
    }
    assert!(!data.exists());
}

#[test]
fn the_example_is_a_file_that_changes_nothing_until_its_lines_count() {
    let (code, example, stderr) = run(&["config", "example"], &[]);
    assert_eq!((code, &*stderr), (WELL, ""));
    let settings = Settings::new(&example);
    let (_, with, _) = run(&["config", "show", "--config", &settings.shown()], &[]);
    let (_, without, _) = run(&["config", "show"], &[]);
    assert_eq!(with, without);
    let counts = example.replace("#workers = 4", "workers = 5");
    settings.write(&counts);
    let (_, with, _) = run(&["config", "show", "--config", &settings.shown()], &[]);
    assert!(with.contains(&format!("{}:", settings.shown())), "{with}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_a_machine_find_the_service_of_its_file() {
    let service = crate::support::service::Service::builder().start().await;
    let settings = Settings::new(&format!(
        "listen_addr = \"{}\"\ndata_dir = {:?}\nworkers = 3\n",
        service.address(),
        service.data_dir().to_str().unwrap(),
    ));
    let file = settings.shown();
    let address = service.address().to_string();
    for (arguments, environment) in [
        (&["--config", &file, "health", "-o", "json"][..], &[][..]),
        (&["health", "-o", "json"], &[("CONFIG_FILE", &*file)]),
    ] {
        let (code, stdout, stderr) = run(arguments, environment);
        assert_eq!(code, WELL, "{stderr}");
        assert!(stdout.contains("\"status\""), "{address}: {stdout}");
    }
    service.kill();
    let (code, _, stderr) = run(&["--config", &file, "spool", "verify"], &[]);
    assert_eq!(code, WELL, "{stderr}");

    // One that asks anywhere has nothing to do with this machine's file.
    let (code, _, stderr) = run(&["--config", &file, "query"], &[]);
    assert_eq!(code, USAGE);
    assert!(
        stderr.contains("--config is a setting of the service"),
        "{stderr}"
    );
    let nowhere = [
        ("CONFIG_FILE", "/no/such/file"),
        ("AGGREGATOR_URL", "http://127.0.0.1:1"),
    ];
    let (code, _, stderr) = run(&["query"], &nowhere);
    assert_eq!(code, Some(1), "{stderr}");
}
