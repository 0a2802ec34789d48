//! The rule against definitions of it in other words, with random names and chains of proxies.

use super::{LOOPBACK, access, address, is_let_in, local, way};
use crate::access::TrustedProxies;
use proptest::prelude::*;
use std::net::IpAddr;

fn any_address() -> impl Strategy<Value = IpAddr> {
    let well_known = ["127.0.0.1", "127.0.0.2", "::1", "10.0.0.1", "10.0.0.2"];
    prop_oneof![
        4 => prop::sample::select(well_known.map(address).to_vec()),
        1 => any::<[u8; 4]>().prop_map(IpAddr::from),
        1 => any::<[u8; 16]>().prop_map(IpAddr::from),
    ]
}

proptest! {
    #[test]
    fn no_name_that_is_not_of_this_machine_or_allowed_is_known_over_loopback(
        host in "[a-z0-9.-]{1,20}(:[0-9]{1,4})?"
    ) {
        let name = host.split(':').next().unwrap_or_default();
        let name = name.strip_suffix('.').unwrap_or(name);
        let is_address = name.parse::<std::net::Ipv4Addr>().is_ok_and(|one| one.is_loopback() || one.is_unspecified());
        let is_local = name == "localhost" || (name.len() > 10 && name.ends_with(".localhost"));
        let expected = is_address || is_local || name == "logs";
        prop_assert_eq!(is_let_in(&access(&["logs"], &[]), &local(Some(&host))), expected);
    }

    #[test]
    fn an_allowed_name_is_known_in_any_case_with_any_port(
        name in "[a-zA-Z][a-zA-Z0-9-]{0,10}(\\.[a-z]{2,5}){0,2}",
        port in any::<Option<u16>>(),
        root in any::<bool>(),
        upper in any::<bool>(),
    ) {
        let access = access(&[&name], &[]);
        let shown = if upper { name.to_ascii_uppercase() } else { name };
        let root = if root { "." } else { "" };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{shown}{root}{port}");
        prop_assert!(is_let_in(&access, &local(Some(&host))));
    }

    #[test]
    fn whatever_stands_in_host_and_origin_nothing_panics(host in any::<String>(), origin in any::<String>()) {
        let mut asker = local(Some(&host));
        asker.origins.push(&origin);
        let _either = access(&["logs"], &[]).check(None, &asker);
    }

    /// What a stranger writes stands behind what the proxies add, and changes nothing.
    #[test]
    fn claims_before_the_first_word_of_a_proxy_change_nothing(
        peer in any_address(),
        proxies in prop::collection::vec(any_address(), 0..3),
        stranger in any::<[u8; 4]>().prop_filter("no proxy", |ip| ip[0] != 127 && ip[0] != 10),
        claims in prop::collection::vec(any_address(), 0..3),
    ) {
        let stranger = IpAddr::from(stranger);
        let told: Vec<String> = proxies.iter().chain([&stranger]).map(ToString::to_string).collect();
        let claimed: Vec<String> = claims.iter().map(ToString::to_string).collect();
        let told: Vec<&str> = told.iter().map(String::as_str).collect();
        let all: Vec<&str> = told.iter().copied().chain(claimed.iter().map(String::as_str)).collect();
        let trusted = TrustedProxies::new(
            ["127.0.0.0/8", "::1", "10.0.0.0/8"].map(|text| text.parse().unwrap()).to_vec(),
        );
        prop_assert_eq!(
            trusted.sender(peer, told.iter().copied()),
            trusted.sender(peer, all.iter().copied())
        );
        prop_assert!(!trusted.is_local(peer, &way(&all, &[])));
        prop_assert!(!trusted.is_local(peer, &way(&[], &all)));
    }

    #[test]
    fn behind_trusted_proxies_of_this_machine_one_is_local_exactly_if_all_that_are_named_are(
        named in prop::collection::vec(any_address(), 1..4)
    ) {
        let texts: Vec<String> = named.iter().map(ToString::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let trusted = TrustedProxies::new(
            ["127.0.0.0/8", "::1"].map(|text| text.parse().unwrap()).to_vec(),
        );
        let expected = named.iter().all(IpAddr::is_loopback);
        prop_assert_eq!(trusted.is_local(LOOPBACK, &way(&texts, &[])), expected);
    }
}
