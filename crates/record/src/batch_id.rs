//! The identity of a batch and of a client's key.

use crate::hex;
use logs::Timestamp;
use std::fmt;
use xxhash_rust::xxh3::xxh3_128;

/// What all records of one batch have in common: a hash of the request's key and of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchId([u8; 8]);

/// A digest of a client's own key, by which a key is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest([u8; 16]);

/// By which a digest of places is told from that of a key.
const PLACES: [u8; 8] = *b"\0places\0";

impl KeyDigest {
    /// The digest of a key.
    pub fn of(key: &str) -> Self {
        Self(first(&blake3::hash(key.as_bytes())))
    }

    /// The digest in these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// What stands for a key with records that are known by their places in a sequence, whatever batches they come
    /// in: those of one run of places have one, and the sequence is what their batches' id says. No client asks for it,
    /// and no digest of a key is like it but by a chance in 2⁶⁴.
    pub fn of_places(run: u32) -> Self {
        let mut digest = [0; 16];
        let (mark, number) = digest.split_at_mut(PLACES.len());
        mark.copy_from_slice(&PLACES);
        for (to, byte) in number.iter_mut().zip(run.to_be_bytes()) {
            *to = byte;
        }
        Self(digest)
    }

    /// Whether it is one [of places](Self::of_places).
    pub fn is_of_places(&self) -> bool {
        self.0.starts_with(&PLACES)
    }

    /// Itself, if it is a key that a request comes again under: none of places.
    pub fn of_request(self) -> Option<Self> {
        (!self.is_of_places()).then_some(self)
    }

    /// The sixteen bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The key and the id of a batch sent under the client's own key: the same for the same key and body.
pub fn client_key(key: &str, body: &[u8]) -> (KeyDigest, BatchId) {
    let key = blake3::hash(key.as_bytes());
    let mut hasher = blake3::Hasher::new();
    // The kind and the two digests have fixed lengths, so no two inputs run into one another.
    hasher.update(b"key");
    hasher.update(key.as_bytes());
    hasher.update(blake3::hash(body).as_bytes());
    (KeyDigest(first(&key)), BatchId(first(&hasher.finalize())))
}

/// The key and the id of a batch whose key is made of what was sent: of `scope`, which stands for all that
/// becomes part of its records from outside the body, and of the body. No client's own key has this digest.
pub fn content_key(scope: &[u8; 32], body: &[u8]) -> (KeyDigest, BatchId) {
    let mut hasher = blake3::Hasher::new();
    // A client's key is visible ASCII.
    hasher.update(b"\0content");
    hasher.update(scope);
    hasher.update(blake3::hash(body).as_bytes());
    split(&hasher)
}

/// The key and the id of a batch that is known by what its sender calls it, within a scope, whatever is in it.
/// No client's own key has this digest, and none that is made of what was sent.
pub fn own_key(scope: &str, name: &str) -> (KeyDigest, BatchId) {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"\0own");
    hasher.update(&(scope.len() as u64).to_le_bytes());
    hasher.update(scope.as_bytes());
    hasher.update(name.as_bytes());
    split(&hasher)
}

/// Whose keys are one another's: equal keys of two tenants, and equal bodies, are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tenant([u8; 32]);

impl Tenant {
    /// The one of this name.
    pub fn new(name: &str) -> Self {
        Self(*blake3::hash(name.as_bytes()).as_bytes())
    }

    /// What stands for this id, and this key if there is one, among all tenants. The digest of a run of places is
    /// the same for all: of whom they are is what their batches' id says.
    pub fn of(&self, key: Option<KeyDigest>, id: BatchId) -> (Option<KeyDigest>, BatchId) {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        if let Some(key) = key.and_then(KeyDigest::of_request) {
            hasher.update(&key.0);
        }
        let id_hasher = hasher.clone().update(&id.0).finalize();
        let key = key.map(|key| match key.is_of_places() {
            true => key,
            // Without the id: one key that comes with two bodies is one key still.
            false => KeyDigest(first(&hasher.finalize())),
        });
        (key, BatchId(first(&id_hasher)))
    }
}

fn split(hasher: &blake3::Hasher) -> (KeyDigest, BatchId) {
    let digest = hasher.finalize();
    let (mut key, mut id) = ([0; 16], [0; 8]);
    let parts = key.iter_mut().chain(&mut id);
    for (place, byte) in parts.zip(digest.as_bytes()) {
        *place = *byte;
    }
    (KeyDigest(key), BatchId(id))
}

fn first<const BYTES: usize>(digest: &blake3::Hash) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (place, byte) in bytes.iter_mut().zip(digest.as_bytes()) {
        *place = *byte;
    }
    bytes
}

impl BatchId {
    /// The id in these bytes.
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The id that is shown as these sixteen hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.then(|| u64::from_str_radix(text, 16).ok())??;
        Some(Self(number.to_be_bytes()))
    }

    /// The id of a batch sent under the client's own key: that of [`client_key`].
    pub fn keyed(key: &str, body: &[u8]) -> Self {
        client_key(key, body).1
    }

    /// The id of a batch without a key; `fresh` is random, so that equal bodies stay apart.
    ///
    /// The rest stands for nothing but chance: where a machine and its clone draw the same number, what they take at
    /// other times, and other bodies, stay apart all the same. Who sends one cannot know the number, so a quick digest
    /// does.
    pub fn fresh(fresh: [u8; 16], received_at: Timestamp, body: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"new");
        hasher.update(&fresh);
        hasher.update(&received_at.nanos().to_le_bytes());
        hasher.update(&xxh3_128(body).to_le_bytes());
        Self(first(&hasher.finalize()))
    }

    /// The eight bytes.
    pub fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

/// Sixteen hexadecimal digits: as they stand in the ids of the batch's records.
impl fmt::Display for BatchId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_id_depends_on_key_and_body_and_on_nothing_else() {
        let id = BatchId::keyed("a", b"body");
        assert_eq!(id, BatchId::keyed("a", b"body"));
        assert_ne!(id, BatchId::keyed("b", b"body"));
        assert_ne!(id, BatchId::keyed("a", b"other"));
        assert_ne!(BatchId::keyed("ab", b"c"), BatchId::keyed("a", b"bc"));
        let fresh = |number, nanos, body: &[u8]| {
            let received_at = Timestamp::from_nanos(nanos);
            BatchId::fresh([number; 16], received_at, body)
        };
        assert_ne!(fresh(1, 0, b"body"), fresh(2, 0, b"body"));
        // Drawn twice, by a machine and its clone.
        assert_ne!(fresh(1, 0, b"body"), fresh(1, 0, b"other"));
        assert_ne!(fresh(1, 0, b"body"), fresh(1, 1, b"body"));
    }

    #[test]
    fn equal_keys_and_ids_of_two_tenants_are_two_and_a_run_of_places_stays_one() {
        let (key, id) = client_key("a key", b"body");
        let [a, b] = ["a", "b"].map(Tenant::new);
        let mut seen = vec![(Some(key), id)];
        for tenant in [a, b] {
            let (of_tenant, other) = tenant.of(Some(key), id);
            for (seen_key, seen_id) in &seen {
                assert!(*seen_key != of_tenant && *seen_id != other);
            }
            // Another body under the same key is a conflict of that tenant's alone.
            let (again, of_body) = tenant.of(Some(key), client_key("a key", b"other").1);
            assert!(again == of_tenant && of_body != other);
            seen.push((of_tenant, other));
        }
        let places = KeyDigest::of_places(3);
        let [in_a, in_b] = [a, b].map(|tenant| tenant.of(Some(places), id));
        assert_eq!((in_a.0, in_b.0), (Some(places), Some(places)));
        assert_ne!(in_a.1, in_b.1);
        assert_eq!(a.of(None, id).0, None);
        // They are kept: see below.
        assert_eq!(in_a.1.to_string(), "1bb476264a7040f8");
        assert_eq!(
            shown(a.of(Some(key), id).0.unwrap()),
            "22b27e649bb902118df1fe86435b6218"
        );
        assert_eq!(a.of(Some(key), id).1.to_string(), "4536cc3dda6f95c0");
    }

    /// Stores and spools hold them: a retry after an upgrade is known by these.
    #[test]
    fn the_key_and_the_id_of_a_client_s_key_are_those_of_every_version() {
        for (key, body) in [("", ""), ("a key", "body"), ("k", &"long ".repeat(9_000))] {
            let (digest, id) = client_key(key, body.as_bytes());
            assert_eq!(digest, KeyDigest::of(key));
            assert_eq!(id, BatchId::keyed(key, body.as_bytes()));
        }
        let (digest, id) = client_key("a key", b"body");
        assert_eq!(id.to_string(), "8fabfc8084cf0b56");
        assert_eq!(shown(digest), "854d15f378d39516faa21f5a505b643e");
    }

    /// For the same reason.
    #[test]
    fn keys_and_ids_that_are_made_of_what_was_sent_are_those_of_every_version() {
        let (digest, id) = content_key(&[7; 32], b"body");
        assert_eq!(shown(digest), "59066558d54af09e1ab9cf018cd249b3");
        assert_eq!(id.to_string(), "ffd1399a201e20cd");
        let (digest, id) = own_key("a scope", "a name");
        assert_eq!(shown(digest), "02db8567f25ca114d1a682bbd4c7fac9");
        assert_eq!(id.to_string(), "2c2fcc03997e026b");
        let digest = KeyDigest::of_places(3);
        assert_eq!(shown(digest), "00706c61636573000000000300000000");
    }

    fn shown(digest: KeyDigest) -> String {
        format!("{:032x}", u128::from_be_bytes(*digest.as_bytes()))
    }

    #[test]
    fn a_content_key_depends_on_scope_and_body_and_is_none_of_a_client() {
        let key = content_key(&[1; 32], b"body");
        assert_eq!(key, content_key(&[1; 32], b"body"));
        assert_ne!(key, content_key(&[2; 32], b"body"));
        assert_ne!(key, content_key(&[1; 32], b"other"));
        assert_ne!(key.0, KeyDigest::of(""));
    }

    #[test]
    fn a_name_within_a_scope_is_a_key_of_its_own() {
        let key = own_key("ab", "c");
        assert_eq!(key, own_key("ab", "c"));
        for other in [own_key("a", "bc"), own_key("ab", "d"), own_key("", "abc")] {
            assert!(key.0 != other.0 && key.1 != other.1);
        }
    }

    #[test]
    fn a_batch_id_is_read_as_it_is_shown() {
        let id = BatchId::keyed("a", b"body");
        assert_eq!(BatchId::parse(&id.to_string()), Some(id));
        for wrong in [
            "",
            "0123",
            "0123456789abcdeg",
            "+123456789abcdef",
            "0123456789abcdef0",
        ] {
            assert_eq!(BatchId::parse(wrong), None, "{wrong}");
        }
    }
}
