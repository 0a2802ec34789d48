//! Pushes as protobuf, written by hand.

pub(super) fn snappy(message: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(message).unwrap()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
    bytes
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let tag = vec![number << 3 | 2];
    [tag, varint(bytes.len() as u64), bytes.to_vec()].concat()
}

/// An entry with a time in nanoseconds.
pub(super) fn entry(nanos: i64, line: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
    let part = |tag: u8, number: i64| [vec![tag], varint(number.unsigned_abs())].concat();
    let seconds = part(8, nanos / 1_000_000_000);
    let time = [seconds, part(16, nanos % 1_000_000_000)].concat();
    let pairs = metadata.iter().map(|(name, value)| {
        let (name, value) = (field(1, name.as_bytes()), field(2, value.as_bytes()));
        field(3, &[name, value].concat())
    });
    let pairs: Vec<_> = pairs.collect();
    [field(1, &time), field(2, line.as_bytes()), pairs.concat()].concat()
}

/// A push of one stream.
pub(super) fn stream(labels: &str, entries: &[Vec<u8>]) -> Vec<u8> {
    let entries: Vec<_> = entries.iter().map(|entry| field(2, entry)).collect();
    field(1, &[field(1, labels.as_bytes()), entries.concat()].concat())
}
