//! SIGHUP: the settings are read anew. What can change while the service runs changes, and the log says what could not.

use super::looks::Prompt;
use crate::config::{Config, HttpConfig, LogFilter, Setting};
use crate::http::Limits;
use std::io;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tracing::Level;

const BODIES: &str = "MAX_BODY_BYTES";
const FILTER: &str = "RUST_LOG";
/// What can change. All else is built into what runs.
const CHANGEABLE: [&str; 4] = ["BODY_TIMEOUT", BODIES, "QUERY_MAX_TIME", FILTER];

/// All settings, to be used, and each as it is written.
pub type Settings = (Config, Vec<Setting>);
/// Reads the settings as the start does, and checks them, or says why they cannot be used.
pub type ReadSettings = dyn Fn() -> Result<Settings, String> + Send + Sync;

/// What reads the settings anew at each SIGHUP, and never ends the process.
pub struct Reload {
    hangups: Signal,
    read: Arc<ReadSettings>,
    log: LogFilter,
    /// The settings that count now.
    running: Vec<Setting>,
}

/// What of a running service can change.
pub(super) struct Changeable {
    pub(super) limits: watch::Sender<Limits>,
    /// Ask for a look at the files that are followed anyway.
    pub(super) prompts: [Prompt; 2],
    /// What it was started with.
    pub(super) started: HttpConfig,
}

/// SIGHUPs, which end the process no more: what comes before the service runs counts once it does.
pub struct Hangups(Signal);

impl Hangups {
    /// From here on; within a runtime.
    ///
    /// # Errors
    /// When the system does not let us listen for the signal.
    pub fn listen() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }
}

impl Reload {
    /// With the settings that the service was started with.
    pub fn on_hangup(
        Hangups(hangups): Hangups,
        log: LogFilter,
        running: Vec<Setting>,
        read: Arc<ReadSettings>,
    ) -> Self {
        Self {
            hangups,
            read,
            log,
            running,
        }
    }

    pub(super) fn start(self, service: Changeable) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(self.run(service)))
    }

    async fn run(mut self, service: Changeable) {
        while self.hangups.recv().await.is_some() {
            let read = Arc::clone(&self.read);
            match tokio::task::spawn_blocking(move || read()).await {
                Ok(Ok(settings)) => self.apply(&service, settings),
                Ok(Err(reason)) => {
                    tracing::error!(
                        reason,
                        "SIGHUP: the settings cannot be used: those of before still count"
                    );
                }
                // The process is about to end.
                Err(error) if error.is_cancelled() => return,
                Err(_) => tracing::error!(
                    "SIGHUP: reading the settings panicked: those of before still count"
                ),
            }
            service.prompts.iter().for_each(Prompt::ask);
        }
    }

    fn apply(&mut self, service: &Changeable, (config, settings): Settings) {
        let running = *service.limits.borrow();
        let mut limits = Limits::from(&config.http);
        // The deadlines of the lanes to the store were made of it.
        limits.request_timeout = running.request_timeout;
        let has_room = service.started.has_room_for_bodies_of(limits.body_bytes);
        if !has_room {
            limits.body_bytes = running.body_bytes;
        }
        let differing = Differing::between(&self.running, &settings, has_room);
        service.limits.send_replace(limits);
        // Before a filter that lets it through is gone, or once one is there.
        let is_told = tracing::enabled!(Level::INFO);
        if is_told {
            differing.tell();
        }
        if differing.changed.contains(&FILTER)
            && let Err(error) = self.log.set(&config.log.rust_log)
        {
            tracing::error!(%error, "SIGHUP: what is logged could not be changed");
        }
        if !is_told {
            differing.tell();
        }
        self.tell_of_operator();
        let changed = differing.changed.iter().map(|name| (*name).to_owned());
        let changed: Vec<String> = changed.collect();
        for setting in &mut self.running {
            let same = settings.iter().find(|new| new.name == setting.name);
            if let Some(new) = same.filter(|new| changed.contains(&new.name)) {
                setting.clone_from(new);
            }
        }
    }

    /// What an operator has set for now outlasts settings that say what they said before.
    fn tell_of_operator(&self) {
        let logged = self.log.logged();
        if let Some(since) = logged.since {
            let (filter, setting) = (logged.filter, logged.setting);
            tracing::info!(filter, setting, %since, "SIGHUP: what is logged stays as an operator has set it");
        }
    }
}

/// The names of settings that are others than before.
#[derive(Debug, PartialEq, Eq)]
struct Differing<'s> {
    changed: Vec<&'s str>,
    /// They count from the next start on.
    kept: Vec<&'s str>,
}

impl<'s> Differing<'s> {
    fn between(running: &[Setting], read: &'s [Setting], has_room: bool) -> Self {
        let is_same = |new: &Setting| {
            let mut running = running.iter();
            running.any(|old| old.name == new.name && old.value == new.value)
        };
        let differing = read.iter().filter(|new| !is_same(new));
        let can_change = |name: &&str| CHANGEABLE.contains(name) && (has_room || *name != BODIES);
        let (changed, kept) = differing.map(|new| new.name.as_str()).partition(can_change);
        Self { changed, kept }
    }

    fn tell(&self) {
        match self.changed.as_slice() {
            [] => tracing::info!("SIGHUP: the settings were read anew; none was changed"),
            changed => {
                let changed = changed.join(", ");
                tracing::info!(changed, "SIGHUP: the settings were read anew");
            }
        }
        if !self.kept.is_empty() {
            let settings = self.kept.join(", ");
            tracing::warn!(
                settings,
                "SIGHUP: what is new of these settings counts from the next start on"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;

    fn settings(values: &[(&str, &str)]) -> Vec<Setting> {
        let setting = |(name, value): &(&str, &str)| Setting {
            name: (*name).to_owned(),
            value: (!value.is_empty()).then(|| (*value).to_owned()),
            is_secret: false,
            origin: Origin::Default,
        };
        values.iter().map(setting).collect()
    }

    #[test]
    fn what_is_new_is_told_apart_by_whether_it_can_change() {
        let running = settings(&[
            (FILTER, "info"),
            (BODIES, "16MiB"),
            ("WORKERS", "4"),
            ("TOKENS_FILE", ""),
        ]);
        let same = Differing::between(&running, &running, true);
        assert!(same.changed.is_empty() && same.kept.is_empty());
        let read = settings(&[
            (FILTER, "debug"),
            (BODIES, "1GiB"),
            ("WORKERS", "4"),
            ("TOKENS_FILE", "tokens.toml"),
        ]);
        let differing = Differing::between(&running, &read, true);
        assert_eq!(differing.changed, [FILTER, BODIES]);
        assert_eq!(differing.kept, ["TOKENS_FILE"]);
        let without_room = Differing::between(&running, &read, false);
        assert_eq!(without_room.changed, [FILTER]);
        assert_eq!(without_room.kept, [BODIES, "TOKENS_FILE"]);
    }
}
