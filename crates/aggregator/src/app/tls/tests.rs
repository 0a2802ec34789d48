//! What counts while the files change, and what is said of it.

use super::*;
use crate::config::ClientAuth;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use tempfile::TempDir;

/// A clock that stands where it is put.
struct Stopped(Mutex<Timestamp>);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A certificate that ends on the 31st of December 2030, and its key.
fn pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 12, 31);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

struct Scene {
    folder: TempDir,
    clock: Arc<Stopped>,
    following: Following,
    current: watch::Receiver<Arc<ServerConfig>>,
    problem: watch::Receiver<Option<String>>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = files_in(folder.path());
        let (certificate, key) = pair();
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
        let said = read(files).unwrap();
        let clock = Arc::new(Stopped(Mutex::new(at("2026-01-01T00:00:00Z"))));
        let following = Following::new(said, Arc::clone(&clock) as Arc<dyn Clock>);
        Self {
            folder,
            clock,
            current: following.config.subscribe(),
            problem: following.problem.subscribe(),
            following,
        }
    }

    fn put(&self, certificate: &str, key: &str) {
        let files = files_in(self.folder.path());
        fs::write(files.certificate, certificate).unwrap();
        fs::write(files.key, key).unwrap();
    }

    /// Looks so often; whether another certificate is shown then.
    fn looked(&mut self, times: usize) -> bool {
        self.current.mark_unchanged();
        for _ in 0..times {
            let looked = Material::read(&self.following.files);
            self.following.note(looked);
            self.following.look_at_the_time();
        }
        self.current.has_changed().unwrap()
    }

    fn problem(&self) -> String {
        self.problem.borrow().clone().unwrap_or_default()
    }
}

fn files_in(folder: &Path) -> TlsFiles {
    TlsFiles {
        certificate: folder.join("cert.pem"),
        key: folder.join("key.pem"),
        clients: None,
    }
}

#[test]
fn a_pair_counts_once_it_was_seen_twice_and_fits() {
    let mut scene = Scene::new();
    assert!(!scene.looked(3));
    let (certificate, key) = pair();
    scene.put(&certificate, &key);
    assert!(!scene.looked(1));
    assert!(scene.looked(1));
    assert!(!scene.looked(2));
    assert_eq!(scene.problem(), "");
}

#[test]
fn what_does_not_fit_or_is_half_written_leaves_the_one_of_before_and_is_said() {
    let mut scene = Scene::new();
    let ((certificate, key), (other, _)) = (pair(), pair());
    for (certificate, key, said) in [
        (&*other, &*key, "do not belong together"),
        (
            &certificate[..certificate.len() / 2],
            &*key,
            "holds no certificate",
        ),
        ("", &*key, "holds no certificate"),
        (&*certificate, &key[..key.len() / 2], "holds no private key"),
        (&*certificate, "", "holds no private key"),
    ] {
        scene.put(certificate, key);
        assert!(!scene.looked(3), "{said}");
        let problem = scene.problem();
        assert!(problem.contains(said), "{said}: {problem}");
        assert!(problem.contains("still counts"), "{problem}");
    }
    fs::remove_file(&scene.following.files.key).unwrap();
    assert!(!scene.looked(1));
    assert!(scene.problem().contains("cannot be read"));
    scene.put(&certificate, &key);
    assert!(scene.looked(2));
    assert_eq!(scene.problem(), "");
}

#[test]
fn an_end_that_comes_near_is_said_until_there_is_another_certificate() {
    let mut scene = Scene::new();
    scene.looked(1);
    assert_eq!(scene.problem(), "");
    for (now, said) in [
        ("2030-12-17T00:00:00Z", "ends at 2030-12-31T00:00:00"),
        ("2030-12-31T00:00:00Z", "has ended at 2030-12-31T00:00:00"),
    ] {
        *scene.clock.0.lock().unwrap() = at(now);
        scene.looked(1);
        assert!(scene.problem().contains(said), "{}", scene.problem());
    }
    *scene.clock.0.lock().unwrap() = at("2026-01-01T00:00:00Z");
    scene.looked(1);
    assert_eq!(scene.problem(), "");
}

#[test]
fn those_whose_word_is_taken_for_clients_are_a_part_of_what_counts() {
    let scene = Scene::new();
    let ca = scene.folder.path().join("ca.pem");
    let files = TlsFiles {
        clients: Some((ca.clone(), ClientAuth::Required)),
        ..files_in(scene.folder.path())
    };
    let error = read(files.clone()).map(drop).unwrap_err().to_string();
    assert!(error.starts_with("TLS_CLIENT_CA_FILE "), "{error}");
    fs::write(&ca, "").unwrap();
    let error = read(files.clone()).map(drop).unwrap_err().to_string();
    assert!(error.contains("holds no certificate"), "{error}");
    fs::write(&ca, pair().0).unwrap();
    let one = read(files.clone()).unwrap();
    fs::write(&ca, pair().0).unwrap();
    let other = read(files).unwrap();
    assert_ne!(one.identity, other.identity);
}
