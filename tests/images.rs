//! What the images are built from, as their files have it; `tests/compose.sh` builds them.

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
