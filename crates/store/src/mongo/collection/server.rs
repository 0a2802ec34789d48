//! What answers: how new it is, and whether it is a part of a sharded cluster.

use super::code_of;
use crate::StoreError;
use mongodb::Database;
use mongodb::bson::{Document, doc};

/// The wire version of MongoDB 6.0, the first that makes clustered collections and holds a command
/// to the UUID of one.
const WIRE_VERSION_6_0: i32 = 17;

/// What answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) is_of_6_0: bool,
    /// It hands on to the shards of a cluster.
    pub(super) is_mongos: bool,
}

impl Server {
    pub(super) async fn ask(database: &Database) -> Result<Self, StoreError> {
        let hello = database.run_command(doc! { "hello": 1 }).await;
        match hello {
            Ok(hello) => Ok(Self::of(&hello)),
            // An older server knows it by another name.
            Err(error) if code_of(&error).is_some() => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    fn of(hello: &Document) -> Self {
        let wire_version = hello.get_i32("maxWireVersion").unwrap_or_default();
        Self {
            is_of_6_0: wire_version >= WIRE_VERSION_6_0,
            is_mongos: hello.get_str("msg").is_ok_and(|kind| kind == "isdbgrid"),
        }
    }

    /// Whether a plain collection that holds nothing may be replaced. A mongos shows nothing of how
    /// one is sharded: it has no options then, and no index but that of the ids.
    pub(super) fn shows_what_is_an_operators_own(self) -> bool {
        self.is_of_6_0 && !self.is_mongos
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_of_a_sharded_cluster_is_never_taken_for_one_that_nobody_set_up() {
        let replaces = |hello| Server::of(&hello).shows_what_is_an_operators_own();
        assert!(replaces(doc! { "maxWireVersion": 17 }));
        assert!(replaces(doc! { "maxWireVersion": 25, "setName": "rs" }));
        assert!(!replaces(doc! { "maxWireVersion": 25, "msg": "isdbgrid" }));
        assert!(!replaces(doc! { "maxWireVersion": 13 }));
        assert!(!replaces(doc! {}));
    }
}
