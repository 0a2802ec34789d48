use super::*;
use crate::accounting::admission::{Admission, NoRoom};

const ROOM: usize = 1024 * 1024;

fn unpacked(body: &[u8], limit: usize) -> Result<Bytes, BodyError> {
    let mut room = Admission::new(ROOM).reserve(0).unwrap();
    let body = Bytes::copy_from_slice(body);
    decompress(Encoding::Snappy, body, limit, &mut room)
}

fn packed(text: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(text).unwrap()
}

#[test]
fn a_block_of_snappy_is_decompressed_within_the_bound() {
    let text = b"a line, ".repeat(10_000);
    assert_eq!(unpacked(&packed(&text), text.len()).unwrap(), text);
    let zeros = vec![0; 900_000];
    assert_eq!(unpacked(&packed(&zeros), zeros.len()).unwrap(), zeros);
    assert!(unpacked(b"", 0).unwrap().is_empty());
    let refused = unpacked(&packed(&text), text.len() - 1);
    assert!(matches!(refused, Err(BodyError::TooLarge { .. })));
    for broken in [
        &b"\xff\xff\xff\xff\xff\xff"[..],
        b"\x05\x10ab",
        b"{\"streams\":[]}",
    ] {
        let refused = unpacked(broken, ROOM);
        assert!(
            matches!(refused, Err(BodyError::Compression(_))),
            "{broken:?}"
        );
    }
}

#[test]
fn what_is_around_a_block_of_snappy_may_be_around_what_is_none() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::fast());
        let mut packed = Vec::new();
        encoder.read_to_end(&mut packed).unwrap();
        Bytes::from(packed)
    };
    let around = Encoding::Gzip.around_snappy();
    let line = b"\x0a\x12\x0a\x02{}\x12\x0c\x0a\x02\x08\x01\x12\x06a line";
    // A length that is a brace.
    let json = format!("{{\"streams\":[{}]}}", " ".repeat(200));
    for (inner, expected) in [
        (packed(line), &line[..]),
        (line.to_vec(), line),
        (json.clone().into_bytes(), json.as_bytes()),
        (packed(json.as_bytes()), json.as_bytes()),
        (Vec::new(), b""),
    ] {
        let mut room = Admission::new(ROOM).reserve(0).unwrap();
        let found = decompress(around, gzip(&inner), ROOM, &mut room).unwrap();
        assert_eq!(found, expected);
    }
    let much = gzip(&packed(&vec![0; ROOM / 4]));
    let mut room = Admission::new(ROOM).reserve(0).unwrap();
    let refused = decompress(around, much, ROOM / 8, &mut room);
    assert!(matches!(refused, Err(BodyError::TooLarge { .. })));
}

#[test]
fn a_block_that_announces_much_takes_no_memory_before_it_is_weighed() {
    let much = packed(&vec![0; 2 * ROOM]);
    let refused = unpacked(&much, usize::MAX);
    assert!(matches!(refused, Err(BodyError::NoRoom(NoRoom))));
    // Announced, but not there.
    let refused = unpacked(much.get(..4).unwrap(), usize::MAX);
    assert!(matches!(refused, Err(BodyError::Compression(_))));
}

#[test]
fn no_block_begins_as_json_does() {
    let mut text = vec![7; 123];
    for first in 0..=u8::MAX {
        text[0] = first;
        let block = packed(&text);
        assert_eq!(block[0], b'{');
        assert!(!is_json(&block), "{first}");
    }
    for json in [
        "{\"streams\":[]}",
        "{\n\"streams\":[]}",
        "{\r\n\"streams\":[]}",
    ] {
        assert!(is_json(json.as_bytes()));
        assert!(unpacked(json.as_bytes(), ROOM).is_err());
    }
}
