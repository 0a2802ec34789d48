use super::*;
use crate::config::settings_file::SettingsFile;

fn file(text: &str) -> (tempfile::TempDir, SettingsFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    std::fs::write(&path, text).unwrap();
    let file = SettingsFile::read(&path).unwrap();
    (folder, file)
}

fn refusal(text: &str) -> String {
    let (folder, file) = file(text);
    let error = check(&file).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[derive(clap::Parser)]
struct Service {
    #[command(flatten)]
    config: Config,
}

/// Without what the environment of the test may have.
fn read_with(text: &str, args: &[&str]) -> (Config, Vec<Setting>) {
    let (_folder, file) = file(text);
    check(&file).unwrap();
    let command = with_file(<Service as clap::CommandFactory>::command(), &file);
    let args = [&["service"], args].concat();
    let matches = without_environment(command)
        .try_get_matches_from(args)
        .unwrap();
    let service = <Service as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
    (service.config, read(&matches, Some(&file)))
}

#[test]
fn a_flag_counts_more_than_the_file_and_the_file_more_than_the_default() {
    let text = "workers = 3\nqueue_capacity = 40\nallowed_hosts = [\"a\", \"b\"]\ntrusted_proxies = []\n\
        strict_batches = true\nkey_memory = \"2days\"\nlayout = \"rows\"\n";
    let (config, settings) = read_with(text, &["--workers", "2"]);
    assert_eq!(
        (config.workers.workers, config.workers.queue_capacity),
        (2, 40)
    );
    let hosts: Vec<String> = config
        .http
        .allowed_hosts
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(hosts, ["a", "b"]);
    assert!(config.http.trusted_proxies.is_empty() && config.http.strict_batches);
    let of = |name: &str| {
        let setting = settings
            .iter()
            .find(|setting| setting.name == name)
            .unwrap();
        let place = match &setting.origin {
            Origin::File { line, .. } => format!("line {line}"),
            origin => origin.to_string(),
        };
        (setting.shown(), place)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(of("WORKERS"), (text("2"), "flag".to_owned()));
    assert_eq!(of("QUEUE_CAPACITY"), (text("40"), "line 2".to_owned()));
    assert_eq!(of("ALLOWED_HOSTS"), (text("a,b"), "line 3".to_owned()));
    assert_eq!(of("MAX_STREAMS"), (text("64"), "default".to_owned()));
    assert_eq!(of("TOKENS_FILE"), (None, "default".to_owned()));
}

#[test]
fn a_key_that_is_no_setting_is_told_with_the_nearest_one() {
    for (text, said) in [
        (
            "\nmax_body_byte = 1\n",
            "a.toml:2: there is no setting max_body_byte; is max_body_bytes meant?",
        ),
        (
            "MAX_BODY_BYTES = 1\n",
            "a.toml:1: there is no setting MAX_BODY_BYTES; is max_body_bytes meant?",
        ),
        (
            "listen-addr = 1\n",
            "a.toml:1: there is no setting listen-addr; is listen_addr meant?",
        ),
        (
            "qqq = 1\n",
            "a.toml:1: there is no setting qqq; `aggregator config example` shows all",
        ),
        (
            "config_file = \"b.toml\"\n",
            "a.toml:1: there is no setting config_file",
        ),
        (
            "\"a\\u001b\" = 1\n",
            "a.toml:1: there is no setting a\\u{1b}",
        ),
    ] {
        let error = refusal(text);
        assert!(error.starts_with(said), "{error}");
    }
}

#[test]
fn a_wrong_value_is_told_with_its_line_its_key_and_why() {
    for (text, said) in [
        (
            "workers = 0\n",
            "a.toml:1: workers = \"0\": expected a whole number from 1 to 1000000",
        ),
        (
            "#\nlog_format = \"xml\"\n",
            "a.toml:2: log_format = \"xml\": possible values: text, json",
        ),
        (
            "strict_batches = \"perhaps\"\n",
            "a.toml:1: strict_batches = \"perhaps\": possible values: true, false",
        ),
        (
            "listen_addr = \"nowhere\"\n",
            "a.toml:1: listen_addr = \"nowhere\": expected an address",
        ),
        (
            "trusted_proxies = [\"10.0.0.1\", \"x\"]\n",
            "a.toml:1: trusted_proxies = \"10.0.0.1,x\": expected an address or",
        ),
        (
            "mongodb_database = [\"a\"]\n",
            "a.toml:1: mongodb_database is a single value and no list",
        ),
        (
            "mongodb_uri = [\"mongodb://u:hunter2@a\"]\n",
            "a.toml:1: mongodb_uri is a single value",
        ),
    ] {
        let error = refusal(text);
        assert!(error.starts_with(said), "{error}");
        assert!(
            !error.contains("hunter2") && !error.contains('\n'),
            "{error}"
        );
    }
}

#[test]
fn a_command_finds_the_service_of_the_file() {
    let (_folder, file) = file("listen_addr = \"8006\"\nworkers = 3\n");
    let port = clap::Arg::new("listen_addr")
        .long("listen-addr")
        .env("LISTEN_ADDR")
        .default_value("8005");
    let other = clap::Arg::new("url").long("url").env("AGGREGATOR_URL");
    let asks = clap::Command::new("asks").arg(port);
    let sends = clap::Command::new("sends").arg(other);
    assert!(has_settings(&asks) && !has_settings(&sends));
    let program = clap::Command::new("program")
        .subcommand(asks)
        .subcommand(sends);
    let asked = |args: &[&str]| {
        let program = with_file(program.clone(), &file);
        let matches = program
            .try_get_matches_from([&["program"], args].concat())
            .unwrap();
        let inner = matches.subcommand_matches("asks").unwrap();
        inner.get_one::<String>("listen_addr").unwrap().clone()
    };
    assert_eq!(asked(&["asks"]), "8006");
    assert_eq!(asked(&["asks", "--listen-addr", "8007"]), "8007");
}

/// What shells, systemd, containers and Kubernetes put there.
const USUAL: &str = "\
    PATH HOME LANG LC_ALL TERM SHELL \
    USER LOGNAME HOSTNAME PWD OLDPWD SHLVL \
    TZ TMPDIR EDITOR PAGER DISPLAY MAIL \
    COLUMNS LINES NO_COLOR RUST_BACKTRACE RUST_LIB_BACKTRACE RUST_LOG_STYLE \
    RUST_MIN_STACK CARGO_HOME XDG_DATA_DIRS XDG_DATA_HOME XDG_CONFIG_DIRS SSL_CERT_FILE \
    SSL_CERT_DIR HTTP_PROXY HTTPS_PROXY NO_PROXY LISTEN_FDS LISTEN_PID \
    LISTEN_FDNAMES NOTIFY_SOCKET INVOCATION_ID JOURNAL_STREAM WATCHDOG_USEC LOGS_DIRECTORY \
    STATE_DIRECTORY CONFIGURATION_DIRECTORY CONFIG_SITE KUBERNETES_PORT KUBERNETES_SERVICE_HOST KUBERNETES_PORT_443_TCP_ADDR \
    AGGREGATOR_PORT AGGREGATOR_SERVICE_HOST AGGREGATOR_PORT_8005_TCP_ADDR AGGREGATOR_URL TOKEN_FILE CI \
    GITHUB_WORKSPACE DOCKER_HOST MONGO_INITDB_DATABASE MONGODB_PASSWORD WORKDIR LAYOUT_DIR";

#[test]
fn of_the_environment_nothing_is_told_but_slips() {
    let token = clap::Arg::new("token_file")
        .long("token-file")
        .env("TOKEN_FILE");
    let command = clap::Command::new("query").arg(token);
    let program = <Service as clap::CommandFactory>::command().subcommand(command);
    let ours = flags();
    let ours = ours.iter().filter_map(variable);
    let usual = USUAL.split_whitespace().chain(ours).map(str::to_owned);
    assert_eq!(slips(usual, &program), []);
    let written = [
        "MAX_BODY_BYTE",
        "LISTEN_ADR",
        "AGGREGATOR_WORKERS",
        "token_files",
    ];
    let expected = [
        ("AGGREGATOR_WORKERS", "WORKERS"),
        ("LISTEN_ADR", "LISTEN_ADDR"),
        ("MAX_BODY_BYTE", "MAX_BODY_BYTES"),
        ("token_files", "TOKEN_FILE"),
    ];
    let found = slips(written.into_iter().map(str::to_owned), &program);
    let found: Vec<_> = found
        .iter()
        .map(|(written, meant)| (&**written, &**meant))
        .collect();
    assert_eq!(found, expected);
}
