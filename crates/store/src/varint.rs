//! Numbers in few bytes: seven bits a byte, the lowest first, the eighth says that another follows; as short as can be, so
//! that each number has one encoding (pure).

pub(crate) fn write_varint(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// The number that `bytes` begin with, which are behind it then; `None` when they begin with none.
pub(crate) fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        number |= (bits << shift >> shift == bits).then_some(bits << shift)?;
        if byte & 0x80 == 0 {
            let as_short_as_can_be = *byte != 0 || shift == 0;
            return as_short_as_can_be.then_some(number);
        }
    }
    None
}
