//! What images and packages are built from, as their files have it; `tests/compose.sh` builds the images.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const IMAGES: [&str; 2] = ["Dockerfile.aggregator", "Dockerfile.producer"];

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(name)).unwrap()
}

/// The crates of the workspace.
fn crates() -> BTreeSet<String> {
    let manifest = read("Cargo.toml");
    let members = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("\"crates/")?.strip_suffix("\","));
    members.map(str::to_owned).collect()
}

/// The names behind each `-p` of `cargo clean`.
fn cleaned(image: &str) -> BTreeSet<String> {
    let line = image.lines().find(|line| line.contains("cargo clean"));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    let pairs = words.windows(2).filter(|pair| pair[0] == "-p");
    pairs.map(|pair| pair[1].to_owned()).collect()
}

/// The layer of the dependencies is made of empty crates, which are newer than the sources that take their
/// place: one that is not cleaned stays empty.
#[test]
fn the_images_are_built_from_every_crate_and_from_none_that_stayed_empty() {
    for name in IMAGES {
        let image = read(name);
        let copied = image.lines().filter_map(|line| {
            let path = line.strip_prefix("COPY crates/")?;
            path.split('/').next().map(str::to_owned)
        });
        assert_eq!(copied.collect::<BTreeSet<_>>(), crates(), "{name}");
        let mut built = crates();
        assert!(built.remove("bench"), "it is in no image");
        assert_eq!(cleaned(&image), built, "{name}");
    }
}

#[test]
fn the_image_listens_beyond_its_container_and_compose_says_that_it_may() {
    let image = read("Dockerfile.aggregator");
    assert!(image.contains("LISTEN_ADDR=0.0.0.0:8005"), "{image}");
    // Whoever runs it by hand says so himself.
    assert!(!image.contains("ALLOW_ANONYMOUS"), "{image}");
    let compose = read("docker-compose.yml");
    assert!(compose.contains("ALLOW_ANONYMOUS: \"true\""), "{compose}");
    // Its producer finds it by this name.
    assert!(
        compose.contains("PRODUCER_URL: http://aggregator:8005"),
        "{compose}"
    );
    let names = "ALLOWED_HOSTS: \"${ALLOWED_HOSTS:-aggregator}\"";
    assert!(compose.contains(names), "{compose}");
}

#[test]
fn the_second_image_finds_the_first_stage_built() {
    let [one, other] = IMAGES.map(|name| {
        let image = read(name);
        let stage = image.split_once("\nFROM rust").unwrap().1;
        stage.split_once("\nFROM ").unwrap().0.to_owned()
    });
    assert_eq!(one, other);
}

/// The services of compose by name, each with its lines.
fn services() -> Vec<(String, String)> {
    let compose = read("docker-compose.yml");
    let (_, rest) = compose.split_once("\nservices:\n").unwrap();
    let (services, _) = rest.split_once("\nvolumes:\n").unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for line in services.lines() {
        let begins =
            line.starts_with("  ") && line[2..].starts_with(|c: char| c.is_ascii_lowercase());
        if begins {
            found.push((line.trim().to_owned(), String::new()));
        } else if let Some((_, lines)) = found.last_mut() {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    found
}

#[test]
fn every_service_of_compose_has_a_bound_on_its_memory_and_its_log() {
    let services = services();
    assert!(services.len() > 10, "{services:?}");
    for (name, lines) in services {
        // Taken over from another one.
        let inherits = lines.starts_with("    <<: *");
        for bound in ["    mem_limit: ", "    logging: *bounded-log"] {
            assert!(inherits || lines.contains(bound), "{name} has no {bound}");
        }
    }
}

#[test]
fn each_aggregator_behind_the_balancer_has_a_name_by_which_the_balancer_finds_it() {
    let balancer = read("crates/aggregator/packages/balancer/haproxy.cfg");
    let servers = balancer
        .lines()
        .filter_map(|line| line.trim().strip_prefix("server ")?.split(' ').next());
    let servers: Vec<&str> = servers.collect();
    assert_eq!(servers.len(), 2, "{balancer}");
    let services = services();
    for name in servers {
        let asked = format!("use-server {name} if {{ req.hdr(X-Instance) -m str {name} }}");
        assert!(balancer.contains(&asked), "{name}: {balancer}");
        let lines = services.iter().find_map(|(service, lines)| {
            (service.split(':').next() == Some(name)).then_some(lines)
        });
        let own = format!("INSTANCE: {name}");
        assert!(lines.is_some_and(|lines| lines.contains(&own)), "{name}");
    }
}

#[test]
fn the_unit_stops_the_service_no_sooner_than_the_service_itself_and_reads_the_settings_of_the_package()
 {
    let unit = read("crates/aggregator/packages/aggregator.service");
    let seconds = |name: &str| {
        let line = unit.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().parse::<u64>().unwrap()
    };
    // SHUTDOWN_TIMEOUT.
    assert!(seconds("TimeoutStopSec=") > 20);
    let manifest = read("crates/aggregator/Cargo.toml");
    for path in ["etc/default/aggregator", "usr/bin/"] {
        assert!(unit.contains(path) && manifest.contains(path), "{path}");
    }
}
