//! What `--help` explains, and which of two settings counts.

use std::net::{SocketAddr, TcpListener};

use crate::support::service::Service;

/// Each setting's variable, its default, and a word of its unit or of what it takes.
const SETTINGS: [(&str, &str, &str); 26] = [
    ("LISTEN_ADDR", "127.0.0.1:8005", "[HOST:]PORT"),
    ("MONGODB_URI", "", "without one, the embedded store is used"),
    ("MONGODB_DATABASE", "logdb", "NAME"),
    ("MONGODB_COLLECTION", "logs", "NAME"),
    ("KEY_MEMORY", "", "for ever unless set"),
    ("LAYOUT", "", "rows"),
    ("BLOCK_CACHE_BYTES", "64MiB", "bytes"),
    (
        "STORE_MIN_FREE_DISK",
        "",
        "as `SPOOL_MIN_FREE_DISK` unless set",
    ),
    ("DATA_DIR", "./data", "FOLDER"),
    ("WORKERS", "4", "Workers for writes, and as many for reads"),
    ("QUEUE_CAPACITY", "256", "Jobs"),
    ("MAX_BODY_BYTES", "16MiB", "bytes"),
    ("MAX_DECODED_BYTES", "64MiB", "bytes"),
    ("REQUEST_TIMEOUT", "10s", "seconds"),
    ("QUERY_MAX_TIME", "5s", "how long they are counted"),
    ("MAX_STREAMS", "64", "/logs/histogram"),
    ("BODY_TIMEOUT", "30s", "TIME"),
    ("SHUTDOWN_TIMEOUT", "20s", "TIME"),
    ("STRICT_BATCHES", "false", "true, false"),
    ("PARTIAL_BATCHES", "", "Of an earlier version"),
    ("ALLOW_ANONYMOUS", "false", "true, false"),
    ("ALLOWED_HOSTS", "", "beside those of this machine"),
    ("TRUSTED_PROXIES", "", "X-Forwarded-For"),
    ("CURSOR_KEY", "", "at least 16 characters"),
    ("INSTANCE", "", "the host's name unless set"),
    ("LOG_FORMAT", "text", "json"),
];

async fn printed(arguments: &str) -> String {
    let mut command = Service::builder();
    for argument in arguments.split(' ') {
        command = command.arg(argument);
    }
    let (status, stdout, stderr) = command.start_expecting_exit().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert_eq!(stderr, "");
    stdout
}

/// What the help says of one flag, on one line.
fn entry<'a>(help: &'a str, flag: &str) -> Option<String> {
    let start = help.find(&format!(" --{flag} "))?;
    let rest: &'a str = &help[start..];
    let end = rest.find("\n\n      -").unwrap_or(rest.len());
    Some(rest[..end].split_whitespace().collect::<Vec<_>>().join(" "))
}

#[tokio::test(flavor = "multi_thread")]
async fn help_explains_every_setting_with_its_default_and_unit() {
    let help = printed("--help").await;
    for (variable, default, unit) in SETTINGS.into_iter().chain([("RUST_LOG", "info", "FILTER")]) {
        let flag = variable.to_lowercase().replace('_', "-");
        let entry = entry(&help, &flag).unwrap_or_else(|| panic!("no --{flag} in {help}"));
        assert!(entry.contains(&format!("[env: {variable}")), "{entry}");
        assert!(entry.contains(unit), "{entry}");
        let told = format!("[default: {default}]");
        assert!(default.is_empty() || entry.contains(&told), "{entry}");
    }
    assert!(help.contains("health"), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_of_a_command_lists_its_own_flags_and_no_others() {
    let client = [
        "TOKEN_FILE",
        "CA_FILE",
        "CLIENT_CERT_FILE",
        "CLIENT_KEY_FILE",
    ];
    let anywhere = [&["AGGREGATOR_URL"][..], &client].concat();
    let here = ["AGGREGATOR_URL", "LISTEN_ADDR", "TLS_CERT_FILE"];
    let here = [&here[..], &client].concat();
    for (command, variables) in [
        ("query", &anywhere[..]),
        ("health", &here),
        ("rejected list", &here),
        ("rejected replay", &here),
        ("token list", &["TOKENS_FILE"]),
        ("spool verify", &["DATA_DIR"]),
        ("spool dump", &["DATA_DIR"]),
    ] {
        let help = printed(&format!("{command} --help")).await;
        let told: Vec<&str> = help
            .split("[env: ")
            .skip(1)
            .filter_map(|rest| rest.split(['=', ']']).next())
            .collect();
        assert_eq!(told, variables, "{help}");
        assert!(!help.contains("--workers"), "{help}");
    }
    let help = printed("spool --help").await;
    assert!(help.contains("verify") && help.contains("dump"), "{help}");
    assert!(!help.contains("[env: "), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_listens_on_a_port_alone_and_on_every_address_of_a_name() {
    let service = Service::builder().env("LISTEN_ADDR", "0").start().await;
    assert!(service.address().ip().is_loopback());
    assert_eq!(service.get("/health").await.status, 200);

    let service = Service::builder().env("LISTEN_ADDR", "localhost:0");
    let service = service.start().await;
    let port = service.address().port();
    let of_the_name = tokio::net::lookup_host("localhost:0").await.unwrap();
    // Those that this machine has: IPv6 may be off.
    let here = of_the_name.filter(|address| TcpListener::bind(*address).is_ok());
    let here: Vec<SocketAddr> = here.collect();
    assert!(!here.is_empty());
    for mut address in here {
        address.set_port(port);
        let connected = tokio::net::TcpStream::connect(address).await;
        assert!(connected.is_ok(), "{address}: {connected:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_is_told() {
    let told = printed("--version").await;
    let service = Service::builder().start().await;
    let version = service.health().await["version"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(told, format!("aggregator {version}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_counts_more_than_the_environment_and_that_more_than_the_default() {
    let started = Service::builder()
        .env("WORKERS", "3")
        .env("QUEUE_CAPACITY", "40")
        .arg("--workers")
        .arg("2")
        .start()
        .await;
    let lanes = started.health().await["workers"].clone();
    assert_eq!(lanes["write"]["workers"], 2, "{lanes}");
    assert_eq!(lanes["read"]["workers"], 2, "{lanes}");
    assert_eq!(lanes["write"]["capacity"], 40, "{lanes}");
    let lanes = Service::builder().start().await.health().await["workers"].clone();
    assert_eq!(lanes["write"]["workers"], 4, "{lanes}");
    assert_eq!(lanes["write"]["capacity"], 256, "{lanes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_mongodb_uri_means_the_embedded_store() {
    let service = Service::builder().env("MONGODB_URI", "").start().await;
    assert_eq!(service.health().await["store"]["kind"], "blocks");
}
