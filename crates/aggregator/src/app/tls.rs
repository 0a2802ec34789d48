//! The files of TLS: read at the start, and again whenever they say something else. Connections that are open keep
//! what they were made with.

mod material;
mod validity;

use super::looks::{Looks, Prompt};
use crate::config::TlsFiles;
use crate::http::listener::Tls;
use logs::Timestamp;
use logs::clock::Clock;
pub(super) use material::TlsError;
use material::{Made, Material};
use rustls::ServerConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use validity::Standing;

/// How soon a certificate that was put in place of another is shown.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What the files said when they were looked at.
pub(super) struct Said {
    files: TlsFiles,
    identity: blake3::Hash,
    made: Made,
}

/// Reads the files.
pub(super) fn read(files: TlsFiles) -> Result<Said, TlsError> {
    let material = Material::read(&files)?;
    Ok(Said {
        identity: material.identity(),
        made: material.made()?,
        files,
    })
}

/// What they say from here on, looked at each second and whenever `prompt` asks. While they say nothing that can be
/// used, what they said before counts.
pub(super) fn follow(
    said: Said,
    clock: &Arc<dyn Clock>,
    prompt: Prompt,
) -> (Tls, AbortOnDropHandle<()>) {
    let mut following = Following::new(said, Arc::clone(clock));
    following.look_at_the_time();
    let (config, problem) = (following.config.subscribe(), following.problem.subscribe());
    let task = tokio::spawn(following.run(prompt));
    let tls = Tls::new(config, problem, Arc::clone(clock));
    (tls, AbortOnDropHandle::new(task))
}

struct Following {
    files: TlsFiles,
    looks: Looks<blake3::Hash>,
    /// When the first certificate of those that are shown does.
    ends: Option<Timestamp>,
    /// What was said of that.
    standing: Standing,
    config: watch::Sender<Arc<ServerConfig>>,
    problem: watch::Sender<Option<String>>,
    clock: Arc<dyn Clock>,
}

impl Following {
    fn new(said: Said, clock: Arc<dyn Clock>) -> Self {
        Self {
            files: said.files,
            looks: Looks::new(said.identity),
            ends: said.made.ends,
            standing: Standing::Good,
            config: watch::Sender::new(said.made.config),
            problem: watch::Sender::new(None),
            clock,
        }
    }

    async fn run(mut self, prompt: Prompt) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(BETWEEN_LOOKS) => {}
                () = prompt.asked() => self.looks.is_whole(),
            }
            let files = self.files.clone();
            let looked = tokio::task::spawn_blocking(move || Material::read(&files)).await;
            // The process is about to end.
            let Ok(looked) = looked else { return };
            self.note(looked);
            self.look_at_the_time();
        }
    }

    fn note(&mut self, looked: Result<Material, TlsError>) {
        let made = looked.and_then(|material| {
            let identity = material.identity();
            let is_news = self.looks.is_news(&identity);
            let made = is_news.then(|| material.made()).transpose();
            made.map(|made| Some((made?, identity)))
        });
        match made {
            Ok(None) => {}
            Ok(Some((made, identity))) => {
                tracing::info!(file = %self.files.certificate.display(), "the certificate was read anew: connections made from here on are shown it");
                self.looks.count(identity);
                (self.ends, self.standing) = (made.ends, Standing::Good);
                self.config.send_replace(made.config);
            }
            Err(error) => {
                if self.looks.fail(error.to_string()) {
                    tracing::error!(%error, "the files of TLS cannot be used: what they said before still counts");
                }
            }
        }
    }

    /// Says once when a certificate will end soon, and once when it has.
    fn look_at_the_time(&mut self) {
        let now = self.clock.now();
        let standing = Standing::at(now, self.ends);
        let sentence = self.ends.and_then(|ends| standing.sentence(ends));
        if standing != self.standing {
            self.standing = standing;
            if let Some(sentence) = &sentence {
                tracing::warn!("{sentence}");
            }
        }
        let failure = self.looks.failure();
        let failure = failure.map(|reason| format!("{reason}; what was there before still counts"));
        let problem = failure.or(sentence);
        self.problem.send_if_modified(|told| {
            let is_news = *told != problem;
            *told = problem;
            is_news
        });
    }
}

#[cfg(test)]
mod tests;
