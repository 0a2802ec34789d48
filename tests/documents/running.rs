//! The commands of a page, run as they stand against a service of the page's own. Nothing is changed in
//! them but addresses: 8005 is the port of that service, 27017 that of the tests' MongoDB.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::markdown::Page;
use super::printed::difference;
use super::shell::{Command, Kind, commands, follows, is_shell, kind};
use crate::support::process::{Process, leashed};
use crate::support::service::Service;
use crate::support::stores::{Backend, database};
use crate::support::traffic::drained;
use crate::support::{binaries, mongod, wait_until};

/// For what ends by itself, and for what is to begin.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the commands of one page are run.
struct Place {
    service: Service,
    /// Whether the service is stopped, for those that need it so.
    at_rest: bool,
    /// Working and home folder; the service's data is in `data`, where a user's would be.
    folder: TempDir,
    /// Another one, for the services that the page starts.
    elsewhere: TempDir,
}

/// Runs the commands of a page in their order, and compares what they print with what stands below.
pub(super) async fn run(page: &Page, backend: Backend) {
    let mut place = Place::new(page, backend).await;
    let mut printed: Option<String> = None;
    for block in page.blocks() {
        if !is_shell(&block) {
            if let Some(printed) = printed.take().filter(|_| block.follows) {
                let difference = difference(&block, &printed);
                let (path, line) = (&page.path, block.line);
                assert_eq!(
                    difference, None,
                    "{path}:{line}, of what was printed:\n{printed}"
                );
            }
            continue;
        }
        printed = None;
        for command in commands(&block) {
            // There it is refused, which the test of its ends holds.
            if backend == Backend::MongoDb && follows(&command.text) {
                continue;
            }
            let at = format!("{}:{}", page.path, command.line);
            if let Some(more) = place.run(&at, &command).await {
                printed.get_or_insert_default().push_str(&more);
            }
        }
    }
}

impl Place {
    async fn new(page: &Page, backend: Backend) -> Self {
        let [folder, elsewhere] =
            [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
        // An answer that is an error is a failure; the commands themselves do not say so.
        let settings = "fail-with-body\nshow-error\nsilent\nnoproxy = \"*\"\n";
        std::fs::write(folder.path().join(".curlrc"), settings).expect("a file is written");
        let name = format!("documents_{}", page.path.replace(['/', '.', '-'], "_"));
        let builder = backend.builder(&name).await;
        let service = builder.data_dir(folder.path().join("data")).start().await;
        Self {
            service,
            at_rest: false,
            folder,
            elsewhere,
        }
    }

    /// Runs a command; what it printed, if it was run to its end.
    async fn run(&mut self, at: &str, command: &Command) -> Option<String> {
        println!("{at}: {}", command.text);
        let kind = kind(&command.text);
        self.rest(kind == Some(Kind::AtRest)).await;
        let text = self.with_our_addresses(&command.text).await;
        match kind {
            None => panic!("{at}: nobody says how to run {:?}", command.text),
            Some(Kind::Measures | Kind::NotRun(_)) => None,
            Some(Kind::Serves) => {
                self.bring_files();
                serve(self.shell(&format!("exec env {text}"), self.elsewhere.path())).await;
                None
            }
            Some(Kind::Sends) => {
                self.send(at, &text).await;
                None
            }
            Some(Kind::Ends) => Some(self.end(at, &text).await),
            Some(Kind::AtRest) => Some(ended(at, &self.shell(&text, self.folder.path())).await),
        }
    }

    /// What the page has made lies beside the services that it starts, too.
    fn bring_files(&self) {
        let made = std::fs::read_dir(self.folder.path()).expect("a folder");
        for entry in made.map(|entry| entry.expect("an entry")) {
            if entry.file_type().expect("a type").is_file() {
                let copy = self.elsewhere.path().join(entry.file_name());
                std::fs::copy(entry.path(), copy).expect("a file is copied");
            }
        }
    }

    /// Stops the service, or starts it again.
    async fn rest(&mut self, wanted: bool) {
        match (self.at_rest, wanted) {
            (false, true) => {
                self.service.terminate();
                assert!(self.service.wait_exit(PATIENCE).await.success());
            }
            (true, false) => self.service.restart().await,
            _ => {}
        }
        self.at_rest = wanted;
    }

    async fn end(&self, at: &str, text: &str) -> String {
        let printed = ended(at, &self.shell(text, self.folder.path())).await;
        // What follows finds what was sent.
        drained(&self.service).await;
        printed
    }

    /// A producer, stopped when more logs have come.
    async fn send(&self, at: &str, text: &str) {
        let before = self.received().await;
        let process = self.shell(&format!("exec env {text}"), self.folder.path());
        wait_until("logs to come", PATIENCE, async || {
            assert_eq!(process.try_wait(), None, "{at}: {}", process.stderr());
            self.received().await > before
        })
        .await;
        process.signal("TERM");
        let status = process.wait_exit(PATIENCE).await;
        assert!(status.success(), "{at}: {status}: {}", process.stderr());
        drained(&self.service).await;
    }

    async fn received(&self) -> u64 {
        let health = self.service.health().await;
        health["records"]["received"].as_u64().expect("a count")
    }

    async fn with_our_addresses(&self, text: &str) -> String {
        let ours = self.service.address().to_string();
        let text = text
            .replace("localhost:8005", &ours)
            .replace("127.0.0.1:8005", &ours);
        if !text.contains(":27017") {
            return text;
        }
        let port = mongod::shared().await.port();
        text.replace(":27017", &format!(":{port}"))
    }

    /// Starts a line of a shell for which 8005 is the port of our service.
    fn shell(&self, text: &str, folder: &Path) -> Process {
        let programs = ["aggregator", "producer"].map(|name| {
            let program = binaries::of_the_workspace(name);
            program
                .parent()
                .expect("a program lies in a folder")
                .to_owned()
        });
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = programs.into_iter().chain(std::env::split_paths(&path));
        let path = std::env::join_paths(path).expect("paths without colons");
        let address = self.service.address();
        let listen = if folder == self.folder.path() {
            address.to_string()
        } else {
            "127.0.0.1:0".to_owned()
        };
        let mut command = leashed("sh", None);
        command
            .args(["-c", text])
            .current_dir(folder)
            .env_clear()
            .envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("CURL_HOME", self.folder.path())
            .env("NO_COLOR", "1")
            .env("LISTEN_ADDR", listen)
            .env("MONGODB_DATABASE", database("documents_of_a_user"))
            .env("AGGREGATOR_URL", self.service.url(""))
            .env("PRODUCER_URL", self.service.url(""));
        Process::spawn(&mut command)
    }
}

/// Waits for an end, which has to be a good one; what was printed.
async fn ended(at: &str, process: &Process) -> String {
    let status = process.wait_exit(PATIENCE).await;
    let (stdout, stderr) = (process.stdout(), process.stderr());
    assert!(status.success(), "{at}: {status}: {stdout}{stderr}");
    stdout
}

/// A service, stopped as soon as it listens.
async fn serve(process: Process) {
    wait_until("the service to listen", PATIENCE, async || {
        assert_eq!(process.try_wait(), None, "{}", process.stderr());
        process.stderr().contains("listening")
    })
    .await;
    process.signal("TERM");
    let status = process.wait_exit(PATIENCE).await;
    assert!(status.success(), "{status}: {}", process.stderr());
}
