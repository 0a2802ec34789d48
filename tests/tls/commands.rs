//! The commands and the producer ask over TLS, and say what is missing when they cannot.

use super::*;
use crate::support::producer::Producer;
use crate::support::wait_until;

/// Exit code, standard output and standard error.
async fn run(arguments: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let command = env
        .iter()
        .fold(Service::builder(), |command, (name, value)| {
            command.env(name, *value)
        });
    let command = arguments
        .iter()
        .fold(command, |command, one| command.arg(*one));
    let (status, stdout, stderr) = command.start_expecting_exit().await;
    (status.code(), stdout, stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_them_believes_the_authority_that_is_named_and_no_other() {
    let authority = Authority::new();
    let service = over_tls(&authority.server("server")).start().await;
    let (http, base, ca) = (authority.http(), url(&service, ""), authority.file());
    let ca = ca.to_str().unwrap();
    let flags = ["--url", &base, "--count", "300", "--ca", ca];
    let ended = Producer::run(&flags).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    wait_until("them to be stored", PATIENCE, async || {
        count(&http, &service).await == 300
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let lines = folder.path().join("lines.txt");
    std::fs::write(&lines, "a line\n").unwrap();
    let lines = lines.to_str().unwrap();
    for (arguments, expected) in [
        (&["query", "--limit", "1", "-o", "json"][..], "\"message\""),
        (&["export", "--format", "csv"], "id,"),
        (&["import", lines], "1"),
        (&["health"], "blocks at"),
        (&["rejected", "list"], "no record is kept aside"),
    ] {
        let at = ("AGGREGATOR_URL", base.as_str());
        let (code, stdout, stderr) = run(arguments, &[at, ("CA_FILE", ca)]).await;
        assert_eq!(code, Some(0), "{arguments:?}: {stdout}{stderr}");
        assert!(stdout.contains(expected), "{arguments:?}: {stdout}");
        let (code, _, stderr) = run(arguments, &[at]).await;
        assert_eq!(code, Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains("--ca FILE"), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        let (code, _, stderr) = run(arguments, &[at, ("CA_FILE", "/nowhere/ca.pem")]).await;
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert!(
            stderr.contains("--ca /nowhere/ca.pem cannot be read"),
            "{stderr}"
        );
    }
    let flags = ["--url", &base, "--count", "1", "--give-up-after", "1s"];
    let ended = Producer::run(&flags).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("--ca FILE"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_spoken_at_the_other_end_is_told_when_it_is_the_other_of_both() {
    let authority = Authority::new();
    let secure = over_tls(&authority.server("server")).start().await;
    let plain = Service::builder().start().await;
    let ca = authority.file();
    let ca = ca.to_str().unwrap();
    let wrong = format!("https://{}", plain.address());
    let (code, _, stderr) = run(&["health", "--url", &wrong, "--ca", ca], &[]).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("is it http://?"), "{stderr}");
    let wrong = format!("http://{}", secure.address());
    let (code, _, stderr) = run(&["health", "--url", &wrong], &[]).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("https://"), "{stderr}");
    // Made out to another name.
    let other = authority.server_with("other", |params| {
        params.subject_alt_names =
            vec![rcgen::SanType::DnsName("logs.example".try_into().unwrap())];
    });
    let service = over_tls(&other).start().await;
    let (_, _, stderr) = run(&["query", "--url", &url(&service, ""), "--ca", ca], &[]).await;
    assert!(stderr.contains("another name"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_container_health_asks_over_tls_because_the_service_speaks_it() {
    let authority = Authority::new();
    // Of a name that nobody has here.
    let pair = authority.server_with("server", |params| {
        params.subject_alt_names =
            vec![rcgen::SanType::DnsName("logs.example".try_into().unwrap())];
    });
    let service = over_tls(&pair)
        .env("LISTEN_ADDR", "0.0.0.0:0")
        .env("ALLOW_ANONYMOUS", "true");
    let service = service.start().await;
    let address = format!("0.0.0.0:{}", service.address().port());
    let certificate = pair.certificate.to_str().unwrap();
    let env = [
        ("LISTEN_ADDR", address.as_str()),
        ("TLS_CERT_FILE", certificate),
        ("TLS_KEY_FILE", pair.key.to_str().unwrap()),
    ];
    for arguments in [&["health"][..], &["rejected", "list"]] {
        let (code, stdout, stderr) = run(arguments, &env).await;
        assert_eq!(code, Some(0), "{stdout}{stderr}");
    }
    let before = [
        "--listen-addr",
        &address,
        "--tls-cert-file",
        certificate,
        "health",
    ];
    let (code, stdout, stderr) = run(&before, &[]).await;
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    // A name that somebody wrote is held to.
    let (code, _, stderr) = run(&["health", "--url", &url(&service, "")], &env).await;
    assert_eq!(code, Some(1), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_their_own_is_shown_where_one_is_asked_for() {
    let authority = Authority::new();
    let builder = over_tls(&authority.server("server"));
    let ca = authority.file();
    let ca = ca.to_str().unwrap();
    let service = builder.env("TLS_CLIENT_CA_FILE", ca).start().await;
    let client = authority.client("desk", "shop");
    let [certificate, key] = [&client.certificate, &client.key].map(|file| file.to_str().unwrap());
    let base = url(&service, "");
    let flags = [
        "--ca",
        ca,
        "--client-cert",
        certificate,
        "--client-key",
        key,
    ];
    let with = [&["health", "--url", &base][..], &flags].concat();
    let (code, stdout, stderr) = run(&with, &[]).await;
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let ended = Producer::run(&[&["--url", &base, "--count", "10"][..], &flags].concat()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let (code, _, stderr) = run(&["health", "--url", &base, "--ca", ca], &[]).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("--client-cert"), "{stderr}");
    let half = [
        "health",
        "--url",
        &base,
        "--ca",
        ca,
        "--client-cert",
        certificate,
    ];
    let (code, _, stderr) = run(&half, &[]).await;
    assert_eq!(code, Some(2), "{stderr}");
}
