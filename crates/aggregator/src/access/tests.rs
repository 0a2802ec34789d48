//! The rule by examples; against a definition of it in other words in [`random`].

mod certificates;
mod random;

use super::*;

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
/// What this machine is called in its network.
const OWN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn access(allowed: &[&str], proxies: &[&str]) -> Access {
    let allowed = allowed.iter().map(|name| name.parse().unwrap()).collect();
    let proxies = proxies.iter().map(|text| text.parse().unwrap()).collect();
    Access::new(None, allowed, TrustedProxies::new(proxies))
}

/// A request over loopback, with a name for the service if there is one.
fn local(host: Option<&str>) -> Asker<'_> {
    Asker {
        peer: LOOPBACK,
        reached: LOOPBACK,
        target: None,
        hosts: host.into_iter().collect(),
        is_of_this_machine: |address| address == OWN,
        origins: Vec::new(),
        sites: Vec::new(),
        way: Way::default(),
        secrets: Vec::new(),
        is_secure: false,
        gives_secret: false,
        certificate: None,
    }
}

/// The same from another machine.
fn from_afar(host: &str) -> Asker<'_> {
    Asker {
        peer: address("192.0.2.9"),
        reached: address("192.0.2.2"),
        ..local(Some(host))
    }
}

fn is_let_in(access: &Access, asker: &Asker<'_>) -> bool {
    access.check(Some(Scope::Read), asker).is_ok()
}

#[test]
fn over_loopback_the_service_has_the_names_of_this_machine_and_those_allowed() {
    let access = access(&["logs.example", "192.0.2.7"], &[]);
    for host in [
        "localhost",
        "LocalHost:8005",
        "localhost.",
        "app.localhost",
        "127.0.0.1:1",
        "127.0.0.2",
        "[::1]:8005",
        "[::ffff:127.0.0.1]",
        "0.0.0.0:8005",
        "Logs.Example:443",
        "192.0.2.7",
        "198.51.100.7:8005",
        "",
    ] {
        assert!(is_let_in(&access, &local(Some(host))), "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "logs.example.evil",
        "not-logs.example",
        "evil-localhost",
        ".localhost",
        "localhost..",
        "localhost.localdomain",
        "ip6-localhost",
        "2130706433",
        "127.1",
        "\u{fffd}",
        "[::ffff:192.0.2.8]:8005",
        "[::1]evil.example",
        "192.0.2.8",
        "[2001:db8::1]",
        "localhost, evil.example",
        "evil.example:8005@localhost",
    ] {
        let refused = access.check(None, &local(Some(host))).unwrap_err();
        assert_eq!(refused, Refusal::Host(host.to_owned()), "{host}");
        assert!(refused.to_string().contains("ALLOWED_HOSTS"), "{refused}");
    }
}

#[test]
fn the_name_that_is_listened_on_is_one_of_the_service() {
    let asker = Asker {
        reached: address("127.0.1.1"),
        ..local(Some("my-machine:8005"))
    };
    assert!(!is_let_in(&access(&[], &[]), &asker));
    let listened_on = Some("my-machine".parse().unwrap());
    let named = Access::new(listened_on, Vec::new(), TrustedProxies::default());
    assert!(is_let_in(&named, &asker));
}

#[test]
fn two_hosts_are_one_too_many_wherever_they_come_and_whatever_they_say() {
    for hosts in [["localhost", "evil.example"], ["localhost", "localhost"]] {
        for mut asker in [local(None), from_afar("")] {
            asker.hosts = hosts.to_vec();
            let refused = access(&[], &[]).check(None, &asker);
            assert_eq!(refused, Err(Refusal::TwoHosts), "{hosts:?}");
        }
    }
}

#[test]
fn a_whole_url_as_the_target_is_a_name_too_and_both_have_to_be_of_the_service() {
    for (target, host, expected) in [
        ("localhost:8005", Some("localhost:8005"), true),
        ("localhost:8005", None, true),
        ("127.0.0.1:8005", Some("localhost:8005"), true),
        ("evil.example", Some("localhost"), false),
        ("localhost", Some("evil.example"), false),
        ("evil.example", None, false),
        ("user@localhost", Some("localhost"), false),
    ] {
        let asker = Asker {
            target: Some(target),
            ..local(host)
        };
        let given = is_let_in(&access(&[], &[]), &asker);
        assert_eq!(given, expected, "{target} {host:?}");
    }
    // A page is the service's own only if that is what all of them say.
    let asker = Asker {
        target: Some("127.0.0.1:8005"),
        origins: vec!["http://localhost:8005"],
        ..local(Some("localhost:8005"))
    };
    assert!(!is_let_in(&access(&[], &[]), &asker));
}

#[test]
fn who_names_no_host_is_no_browser() {
    assert!(is_let_in(&access(&[], &[]), &local(None)));
}

#[test]
fn beyond_loopback_names_count_once_the_settings_say_which_there_are() {
    let (any, named) = (access(&[], &[]), access(&["logs.example"], &[]));
    for (host, by_name) in [
        ("logs.example", true),
        ("localhost:8005", true),
        ("192.0.2.2:8005", true),
        // Of this machine as others reach it, which it need not know.
        ("198.51.100.1", true),
        ("evil.example", false),
    ] {
        assert!(is_let_in(&any, &from_afar(host)), "{host}");
        assert_eq!(is_let_in(&named, &from_afar(host)), by_name, "{host}");
    }
}

#[test]
fn pages_of_others_are_refused_and_those_of_the_service_are_not() {
    let access = access(&["logs.example"], &[]);
    for (host, origin, expected) in [
        ("localhost:8005", "http://localhost:8005", true),
        ("localhost:8005", "http://LOCALHOST:8005", true),
        ("localhost", "http://localhost", true),
        ("localhost:80", "http://localhost", true),
        ("localhost", "http://localhost:80", true),
        ("logs.example", "https://logs.example", true),
        // Behind a proxy that calls the service by another name.
        ("127.0.0.1:8005", "https://logs.example", true),
        ("localhost:8005", "http://localhost:3000", false),
        ("localhost:8005", "http://127.0.0.1:8005", false),
        ("localhost:8005", "https://evil.example", false),
        ("localhost:8005", "https://logs.example.evil", false),
        ("localhost:8005", "null", false),
        ("localhost:8005", "", false),
        ("localhost:8005", "chrome-extension://abc", false),
    ] {
        let asker = Asker {
            origins: vec![origin],
            ..local(Some(host))
        };
        assert_eq!(is_let_in(&access, &asker), expected, "{host} {origin}");
    }
    let nameless = Asker {
        origins: vec!["http://localhost"],
        ..local(None)
    };
    assert!(!is_let_in(&access, &nameless));
}

#[test]
fn a_browser_that_says_cross_site_is_refused_and_one_that_says_less_is_not() {
    let access = access(&[], &[]);
    for (site, expected) in [
        ("same-origin", true),
        ("same-site", true),
        ("none", true),
        ("cross-site", false),
        (" Cross-Site ", false),
    ] {
        let asker = Asker {
            sites: vec![site],
            ..local(Some("localhost"))
        };
        assert_eq!(is_let_in(&access, &asker), expected, "{site}");
    }
}

/// Whether someone may operate, with these claims about the way, the last first.
fn operates(proxies: &[&str], peer: &str, way: Way<'_>) -> bool {
    let asker = Asker {
        peer: address(peer),
        way,
        ..local(Some("localhost"))
    };
    let checked = access(&[], proxies).check(Some(Scope::Operate), &asker);
    if let Err(refusal) = &checked {
        assert_eq!(refusal, &Refusal::NotLocal);
    }
    checked.is_ok()
}

fn way<'a>(forwarded_for: &[&'a str], forwarded: &[&'a str]) -> Way<'a> {
    Way {
        is_forwarded: true,
        forwarded_for: forwarded_for.to_vec(),
        forwarded: forwarded.to_vec(),
    }
}

#[test]
fn only_those_on_this_machine_operate_and_nobody_behind_a_proxy_that_is_not_trusted() {
    const TRUSTED: &[&str] = &["127.0.0.0/8", "10.0.0.0/8"];
    for (proxies, peer, way, expected) in [
        (&[][..], "127.0.0.1", Way::default(), true),
        (&[], "127.9.9.9", Way::default(), true),
        (&[], "::1", Way::default(), true),
        (&[], "192.0.2.2", Way::default(), false),
        (&[], "127.0.0.1", way(&[], &[]), false),
        (&[], "127.0.0.1", way(&["127.0.0.1"], &[]), false),
        (TRUSTED, "127.0.0.1", Way::default(), true),
        (TRUSTED, "127.0.0.1", way(&["127.0.0.1"], &[]), true),
        (TRUSTED, "127.0.0.1", way(&[], &["[::1]:80"]), true),
        // A proxy that names nobody.
        (TRUSTED, "127.0.0.1", way(&[], &[]), false),
        (TRUSTED, "127.0.0.1", way(&[""], &[]), false),
        (TRUSTED, "127.0.0.1", way(&["unknown"], &[]), false),
        // Strangers, whatever they claimed before the proxy spoke.
        (
            TRUSTED,
            "127.0.0.1",
            way(&["192.0.2.9", "127.0.0.1"], &[]),
            false,
        ),
        (
            TRUSTED,
            "127.0.0.1",
            way(&["192.0.2.9"], &["127.0.0.1"]),
            false,
        ),
        (
            TRUSTED,
            "127.0.0.1",
            way(&["127.0.0.1"], &["192.0.2.9"]),
            false,
        ),
        // Whoever stood before an inner proxy of this machine, which is not trusted, was a stranger to it.
        (
            &["127.0.0.1"],
            "127.0.0.1",
            way(&["127.0.0.2", "192.0.2.9"], &[]),
            false,
        ),
        (&["127.0.0.1"], "127.0.0.1", way(&["127.0.0.2"], &[]), true),
        // Loopback of another machine.
        (TRUSTED, "10.0.0.1", way(&["127.0.0.1"], &[]), false),
        (
            TRUSTED,
            "127.0.0.1",
            way(&["10.0.0.1", "127.0.0.1"], &[]),
            false,
        ),
    ] {
        assert_eq!(
            operates(proxies, peer, way.clone()),
            expected,
            "{peer} {way:?}"
        );
    }
}
