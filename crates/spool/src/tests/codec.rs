//! The codec on what it has never written: it says no, and never panics.

use crate::aligned::BLOCK_BYTES;
use crate::frame::{
    FORMAT_VERSION, FRAME_HEAD_BYTES, FrameHead, HeadFault, SegmentHead, decode_batches,
    encode_frame,
};
use logs::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use record::batch::Batch;
use record::id::{BatchId, KeyDigest};

fn document() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..40).prop_map(|rest| {
        let length = u32::try_from(rest.len() + 4).unwrap();
        [&length.to_le_bytes(), &rest[..]].concat()
    })
}

fn batch() -> impl Strategy<Value = Batch> {
    let key = proptest::option::of(any::<[u8; 16]>());
    let documents = vec((document(), any::<bool>()), 0..6);
    let parts = (
        any::<[u8; 8]>(),
        key,
        any::<bool>(),
        any::<i64>(),
        documents,
    );
    parts.prop_map(|(id, key, is_content, time, documents)| {
        let undated = documents.iter().enumerate();
        let undated = undated.filter_map(|(place, (_, dated))| (!dated).then_some(place));
        let bytes: Vec<u8> = documents.iter().flat_map(|(one, _)| one.clone()).collect();
        let batch = Batch::from_parts(
            BatchId::from_bytes(id),
            key.map(KeyDigest::from_bytes),
            Timestamp::from_nanos(time),
            &bytes,
            undated.collect(),
        );
        match is_content {
            true => batch.unwrap().with_content_key(),
            false => batch.unwrap(),
        }
    })
}

fn frame(salt: u64, seq: u64, batches: &[Batch]) -> Vec<u8> {
    filled(salt, seq, batches, 0)
}

fn filled(salt: u64, seq: u64, batches: &[Batch], filler: usize) -> Vec<u8> {
    // What lies before a frame is nothing to it.
    let mut bytes = vec![7; 3];
    encode_frame(&mut bytes, salt, seq, batches.iter(), filler).unwrap();
    bytes.split_off(3)
}

/// The batches of a frame, if all of it is intact.
fn decode(bytes: &[u8], salt: u64) -> Option<(FrameHead, Vec<Batch>)> {
    let head = FrameHead::decode(bytes, salt)?;
    let payload = bytes
        .get(FRAME_HEAD_BYTES..)?
        .get(..head.payload_bytes as usize)?;
    let batches = head
        .is_intact(payload, salt)
        .then(|| decode_batches(&head, payload));
    Some((head, batches??))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_encoded_is_decoded_as_it_was(
        batches in vec(batch(), 1..5), salt: u64, seq in 0..u64::MAX - 10, filler in 0..BLOCK_BYTES,
    ) {
        let bytes = filled(salt, seq, &batches, filler);
        prop_assert_eq!(bytes.len(), frame(salt, seq, &batches).len() + filler);
        let (head, decoded) = decode(&bytes, salt).unwrap();
        prop_assert_eq!((head.first_seq, head.end_seq()), (seq, seq + batches.len() as u64));
        for (one, other) in batches.iter().zip(&decoded) {
            prop_assert_eq!(one.id, other.id);
            prop_assert_eq!(one.origin(), other.origin());
            prop_assert_eq!(one.received_at, other.received_at);
            prop_assert_eq!(one.undated(), other.undated());
            prop_assert_eq!(one.documents.encoded(), other.documents.encoded());
        }
        prop_assert_eq!(batches.len(), decoded.len());
    }

    #[test]
    fn a_frame_of_another_segment_is_none_of_this_one(
        batches in vec(batch(), 1..3), salt: u64, other: u64, seq in 0..u64::MAX - 10,
    ) {
        prop_assume!(salt != other);
        prop_assert!(decode(&frame(salt, seq, &batches), other).is_none());
    }

    #[test]
    fn a_frame_with_other_bytes_in_it_is_not_intact(
        batches in vec(batch(), 1..4), salt: u64, seq in 0..u64::MAX - 10,
        place: prop::sample::Index, with in vec(any::<u8>(), 1..4),
    ) {
        let mut bytes = frame(salt, seq, &batches);
        let before = bytes.clone();
        let at = place.index(bytes.len());
        for (old, new) in bytes[at..].iter_mut().zip(&with) {
            *old = *new;
        }
        prop_assert_eq!(decode(&bytes, salt).is_some(), bytes == before);
    }

    /// The checksums hold back nearly everything, so here the payload comes without them.
    #[test]
    fn a_payload_of_any_bytes_is_decoded_or_refused(
        batches in vec(batch(), 1..4), with in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut: prop::sample::Index,
    ) {
        let bytes = frame(0, 1, &batches);
        let head = FrameHead::decode(&bytes, 0).unwrap();
        let mut payload = bytes[FRAME_HEAD_BYTES..].to_vec();
        for (place, byte) in &with {
            let at = place.index(payload.len());
            payload[at] = *byte;
        }
        payload.truncate(cut.index(payload.len() + 1));
        if let Some(decoded) = decode_batches(&head, &payload) {
            let batches = frame(0, 1, &decoded).len() - FRAME_HEAD_BYTES;
            prop_assert!(payload[batches..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in vec(any::<u8>(), 0..200), salt: u64) {
        prop_assert_eq!(SegmentHead::decode(&bytes).err(), Some(HeadFault::Damaged));
        prop_assert!(decode(&bytes, salt).is_none());
    }

    #[test]
    fn a_segment_head_is_read_from_either_of_its_copies(
        first_seq: u64, salt: u64, repaired: bool, version in 1..=FORMAT_VERSION, place in 0..64_usize, bit in 0..8_u32,
    ) {
        let head = SegmentHead { version, repaired, ..SegmentHead::new(first_seq, salt) };
        let mut bytes = head.encode();
        prop_assert_eq!(SegmentHead::decode(&bytes), Ok((head, true)));
        bytes[place] ^= 1_u8 << bit;
        prop_assert_eq!(SegmentHead::decode(&bytes), Ok((head, false)));
    }
}

#[test]
fn what_is_behind_the_batches_is_less_than_a_block_of_zeros_or_no_filler() {
    let decoded = |filler: usize, with: u8| {
        let mut bytes = filled(0, 1, &[], filler);
        if let Some(last) = bytes.last_mut().filter(|_| filler > 0) {
            *last = with;
        }
        let head = FrameHead::decode(&bytes, 0).unwrap();
        decode_batches(&head, &bytes[FRAME_HEAD_BYTES..]).is_some()
    };
    assert!(decoded(0, 0) && decoded(1, 0) && decoded(BLOCK_BYTES - 1, 0));
    assert!(!decoded(1, 1) && !decoded(BLOCK_BYTES, 0));
}

#[test]
fn a_segment_of_a_later_version_is_told_apart_from_a_damaged_one() {
    let later = SegmentHead {
        version: FORMAT_VERSION + 1,
        ..SegmentHead::new(1, 2)
    };
    let told = SegmentHead::decode(&later.encode());
    assert_eq!(told, Err(HeadFault::Newer(FORMAT_VERSION + 1)));
}
