//! What stands at the door: how many may come in, who, and how.

use super::looks::Prompt;
use super::reload::Changeable;
use super::{tls, tokens};
use crate::access::{Access, TrustedProxies};
use crate::config::{Config, ConfigError, HttpConfig};
use crate::http::Limits;
use crate::http::listener::{Connections, Tls};
use logs::clock::Clock;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// What the files say of it, before anything is opened.
pub(super) struct Entrance {
    /// The tokens that let one in, with the file that has them.
    tokens: Option<(PathBuf, tokens::Said)>,
    tls: Option<tls::Said>,
    connections: usize,
}

/// The same for those who work with it.
pub(super) struct Door {
    pub(super) access: Access,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) connections: Arc<Connections>,
    /// What of it, and of all limits, can change.
    pub(super) changeable: Changeable,
}

impl Entrance {
    /// For so many connections at most.
    pub(super) fn of(config: &Config, connections: usize) -> Result<Self, ConfigError> {
        let tokens = match config.http.tokens_file() {
            None => None,
            Some(file) => match tokens::read(file) {
                Ok(said) => Some((file.to_owned(), said)),
                Err(error) => return Err(ConfigError::tokens_file(file, &error)),
            },
        };
        let files = config.http.tls.files()?;
        let tls = files.map(tls::read).transpose();
        Ok(Self {
            tokens,
            tls: tls.map_err(|error| ConfigError::tls_files(&error))?,
            connections,
        })
    }

    /// From here on `tasks` follow what the files say.
    pub(super) fn open(
        self,
        http: &HttpConfig,
        clock: &Arc<dyn Clock>,
        tasks: &mut Vec<AbortOnDropHandle<()>>,
    ) -> Door {
        let proxies = TrustedProxies::new(http.trusted_proxies.clone());
        let mut access = Access::new(http.listen_addr.name(), http.allowed_hosts.clone(), proxies);
        let prompts = [Prompt::default(), Prompt::default()];
        let [of_tokens, of_tls] = prompts.clone();
        if let Some((file, said)) = self.tokens {
            let (followed, following) = tokens::follow(file, said, of_tokens);
            tasks.push(following);
            access = access
                .with_tokens(followed.tokens)
                .with_problem(followed.problem);
        }
        let tls = self.tls.map(|said| {
            let (tls, following) = tls::follow(said, clock, of_tls);
            tasks.push(following);
            Arc::new(tls)
        });
        let limits = watch::Sender::new(Limits::from(http));
        let (clock, followed) = (Arc::clone(clock), limits.subscribe());
        let connections = Connections::new(self.connections, clock, followed, http.reader_timeout);
        Door {
            access,
            tls,
            connections: Arc::new(connections),
            changeable: Changeable {
                limits,
                prompts,
                started: http.clone(),
            },
        }
    }
}
