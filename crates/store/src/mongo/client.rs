//! The driver's client, made when it is first needed, and what its heartbeats say.

use super::Target;
use crate::StoreError;
use crate::address::MongoAddress;
use mongodb::Client;
use mongodb::bson::Document;
use mongodb::event::EventHandler;
use mongodb::event::sdam::SdamEvent;
use mongodb::options::{ClientOptions, ReadPreference, SelectionCriteria, ServerAddress};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, watch};

/// For a connection, for choosing a server, and between heartbeats, unless the URI says otherwise.
const PATIENCE: Duration = Duration::from_secs(2);

/// For what has to be known as it is, whatever else the URI has its reads prefer.
pub(super) fn on_primary() -> SelectionCriteria {
    SelectionCriteria::ReadPreference(ReadPreference::Primary)
}

/// A client that is made at the first call: reading a `mongodb+srv` URI already asks the name service.
pub(super) struct LazyClient {
    address: MongoAddress,
    max_connections: u32,
    reachability: Arc<Reachability>,
    client: OnceCell<Client>,
}

impl LazyClient {
    pub(super) fn new(target: &Target, reachability: Arc<Reachability>) -> Self {
        Self {
            address: target.address.clone(),
            max_connections: target.max_connections,
            reachability,
            client: OnceCell::new(),
        }
    }

    /// The client; making it is tried again at every call until it works.
    pub(super) async fn get(&self) -> Result<&Client, StoreError> {
        self.client
            .get_or_try_init(|| self.make())
            .await
            .map_err(|error| StoreError::from(error).scrub(&self.address))
    }

    async fn make(&self) -> Result<Client, mongodb::error::Error> {
        let mut options = ClientOptions::parse(self.address.secret_uri()).await?;
        options
            .app_name
            .get_or_insert_with(|| "aggregator".to_owned());
        options.connect_timeout.get_or_insert(PATIENCE);
        options.heartbeat_freq.get_or_insert(PATIENCE);
        options.server_selection_timeout.get_or_insert(PATIENCE);
        options.max_pool_size.get_or_insert(self.max_connections);
        let reachability = Arc::clone(&self.reachability);
        options.sdam_event_handler = Some(EventHandler::callback(move |event| {
            reachability.note(event);
        }));
        Client::with_options(options)
    }

    pub(super) async fn close(&self) {
        if let Some(client) = self.client.get() {
            client.clone().shutdown().immediate(true).await;
        }
    }
}

/// Which servers took writes at their last heartbeat.
#[derive(Debug, Default)]
pub(super) struct Reachability {
    writable: Mutex<HashMap<ServerAddress, bool>>,
    /// How often there was a server that takes writes after there had been none.
    recoveries: watch::Sender<u64>,
}

impl Reachability {
    /// Whether any server takes writes, as far as is known. Behind a load balancer there are no
    /// heartbeats, and so nothing that speaks against it.
    pub(super) fn is_writable(&self) -> bool {
        let servers = self.servers();
        servers.is_empty() || servers.values().any(|writable| *writable)
    }

    /// Waits until there is a server that takes writes after there was none.
    pub(super) async fn recovered(&self) {
        let mut recoveries = self.recoveries.subscribe();
        if recoveries.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// What kept records from being written is gone, whatever it was.
    pub(super) fn note_recovery(&self) {
        self.recoveries.send_modify(|count| *count += 1);
    }

    fn note(&self, event: SdamEvent) {
        let was_writable = self.is_writable();
        self.note_server(event);
        if !was_writable && self.is_writable() {
            self.note_recovery();
        }
    }

    fn note_server(&self, event: SdamEvent) {
        match event {
            SdamEvent::ServerHeartbeatSucceeded(event) => {
                let writable = takes_writes(&event.reply);
                self.servers().insert(event.server_address, writable);
            }
            SdamEvent::ServerHeartbeatFailed(event) => {
                self.servers().insert(event.server_address, false);
            }
            SdamEvent::ServerClosed(event) => {
                self.servers().remove(&event.address);
            }
            _ => {}
        }
    }

    fn servers(&self) -> std::sync::MutexGuard<'_, HashMap<ServerAddress, bool>> {
        self.writable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reply to `hello`, or to its older name, of a server that takes writes.
fn takes_writes(reply: &Document) -> bool {
    ["isWritablePrimary", "ismaster"]
        .iter()
        .any(|name| reply.get_bool(name).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::doc;

    #[test]
    fn what_was_never_heard_of_is_no_reason_to_say_that_nothing_takes_writes() {
        let reachability = Reachability::default();
        assert!(reachability.is_writable());
        let server = |port| ServerAddress::Tcp {
            host: "db.example".to_owned(),
            port: Some(port),
        };
        reachability.servers().insert(server(1), false);
        assert!(!reachability.is_writable());
        reachability.servers().insert(server(2), true);
        assert!(reachability.is_writable());
    }

    #[test]
    fn a_primary_is_told_from_a_secondary_by_either_name() {
        for (reply, takes) in [
            (doc! { "isWritablePrimary": true }, true),
            (doc! { "ismaster": true }, true),
            (
                doc! { "isWritablePrimary": false, "secondary": true },
                false,
            ),
            (doc! {}, false),
        ] {
            assert_eq!(takes_writes(&reply), takes, "{reply}");
        }
    }
}
