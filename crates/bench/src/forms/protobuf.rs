//! Fields of protobuf.

pub(super) fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// A number under a field's number.
pub(super) fn number(field: u8, number: u64) -> Vec<u8> {
    let mut out = vec![field << 3];
    varint(&mut out, number);
    out
}

/// A text or a message.
pub(super) fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | 2];
    varint(&mut out, content.len() as u64);
    out.extend_from_slice(content);
    out
}
