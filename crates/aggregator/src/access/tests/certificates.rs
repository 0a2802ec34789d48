//! The rule for certificates of clients: what one stands for, beside what a head gives.

use super::{access, local};
use crate::access::certificate::ClientCertificate;
use crate::access::secret::Secret;
use crate::access::tokens::Tokens;
use crate::access::{Access, Asker, Caller, Refusal, Scope};
use std::borrow::Cow;
use std::sync::Arc;
use tokio::sync::watch;

fn entry(name: &str, random: u8, scope: &str, certificate: &str) -> String {
    let hash = Secret::new([random; 32]).hash();
    format!(
        "[[token]]\nname = \"{name}\"\nhash = \"{hash}\"\nscopes = [\"{scope}\"]\n{certificate}\n"
    )
}

/// One with a certificate for each of two scopes, and one without.
fn with_tokens() -> Access {
    let text = entry("orders", 1, "ingest", "certificate = \"cn:orders\"")
        + &entry("desk", 2, "read", "certificate = \"dns:desk.example\"")
        + &entry("plain", 3, "ingest", "");
    let tokens = Arc::new(Tokens::parse(&text).unwrap());
    access(&[], &[]).with_tokens(watch::channel(tokens).1)
}

fn certificate(names: &[&str]) -> ClientCertificate {
    let names = names.iter().map(|name| name.parse().unwrap());
    ClientCertificate::new(names.collect(), [7; 32])
}

fn asker<'a>(certificate: &'a ClientCertificate, secrets: &[String]) -> Asker<'a> {
    Asker {
        certificate: Some(certificate),
        gives_secret: !secrets.is_empty(),
        is_secure: true,
        secrets: secrets.iter().cloned().map(Cow::Owned).collect(),
        ..local(Some("localhost"))
    }
}

fn name(caller: Result<Caller, Refusal>) -> Result<Option<String>, Refusal> {
    caller.map(|caller| caller.token().map(|token| token.name.to_string()))
}

#[test]
fn a_certificate_is_the_token_that_names_it_and_of_several_the_one_that_the_address_needs() {
    let access = with_tokens();
    let both = certificate(&["cn:orders", "dns:desk.example"]);
    for (needed, expected) in [(Scope::Ingest, "orders"), (Scope::Read, "desk")] {
        let caller = name(access.check(Some(needed), &asker(&both, &[])));
        assert_eq!(caller, Ok(Some(expected.to_owned())));
    }
    let orders = certificate(&["cn:orders"]);
    let refused = access.check(Some(Scope::Read), &asker(&orders, &[]));
    assert!(
        matches!(refused, Err(Refusal::OutOfScope { .. })),
        "{refused:?}"
    );
    let unknown = certificate(&["dns:orders", "cn:desk.example"]);
    let refused = access.check(Some(Scope::Read), &asker(&unknown, &[]));
    let fingerprint = unknown.fingerprint();
    assert_eq!(refused, Err(Refusal::UnknownCertificate(fingerprint)));
    let anybody = access.check(None, &asker(&unknown, &[]));
    assert_eq!(anybody, Ok(Caller::Stranger));
}

#[test]
fn where_a_head_gives_a_secret_the_certificate_does_not_count() {
    let access = with_tokens();
    let orders = certificate(&["cn:orders"]);
    let secret = |random: u8| vec![Secret::new([random; 32]).show().to_owned()];
    let plain = name(access.check(Some(Scope::Ingest), &asker(&orders, &secret(3))));
    assert_eq!(plain, Ok(Some("plain".to_owned())));
    let wrong = access.check(Some(Scope::Ingest), &asker(&orders, &secret(9)));
    assert_eq!(wrong, Err(Refusal::UnknownToken));
}

#[test]
fn a_token_whose_certificate_is_another_one_now_is_not_the_one_that_was_let_in() {
    let orders = certificate(&["cn:orders"]);
    let access = with_tokens();
    let caller = access.check(Some(Scope::Ingest), &asker(&orders, &[]));
    let Ok(Caller::Token(token)) = caller else {
        panic!("{caller:?}");
    };
    assert!(access.current(&token).is_some());
    let text = entry("orders", 1, "ingest", "certificate = \"cn:others\"");
    let changed = Arc::new(Tokens::parse(&text).unwrap());
    let access = access.with_tokens(watch::channel(changed).1);
    assert!(access.current(&token).is_none());
}

#[test]
fn without_tokens_a_certificate_changes_nothing() {
    let orders = certificate(&["cn:orders"]);
    let caller = access(&[], &[]).check(Some(Scope::Read), &asker(&orders, &[]));
    assert_eq!(caller, Ok(Caller::Anyone));
}

#[test]
fn over_tls_a_page_that_came_without_is_of_somebody_else_unless_its_name_is_allowed() {
    let from = |origin, is_secure| Asker {
        origins: vec![origin],
        is_secure,
        ..local(Some("localhost"))
    };
    for (origin, is_secure, expected) in [
        ("https://localhost", true, true),
        ("http://localhost", true, false),
        ("http://localhost", false, true),
        // A proxy before it may speak TLS.
        ("https://localhost", false, true),
        ("https://localhost:8443", true, false),
    ] {
        let given = access(&[], &[]).check(None, &from(origin, is_secure));
        assert_eq!(given.is_ok(), expected, "{origin} {is_secure}: {given:?}");
    }
    let allowed = access(&["localhost"], &[]).check(None, &from("http://localhost", true));
    assert!(allowed.is_ok());
}
