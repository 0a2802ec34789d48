//! Texts as they lie in a column, for what looks at few of them: that one is UTF-8 is seen when it is asked for.

use crate::damaged::Damaged;
use crate::input::Input;
use crate::numbers;

/// The bytes of as many texts, which are all that the bytes hold, one after another.
pub(crate) fn each_of(bytes: &[u8], count: usize) -> Result<impl Iterator<Item = &[u8]>, Damaged> {
    let (before, length) = bytes.split_last_chunk().ok_or(Damaged::Length)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (text, lengths) = before.split_at_checked(length).ok_or(Damaged::Length)?;
    let mut input = Input::new(lengths);
    let lengths = numbers::read::<u32>(&mut input, count)?;
    input.end()?;
    let all = lengths.iter().map(|length| u64::from(*length));
    if all.sum::<u64>() != text.len() as u64 {
        return Err(Damaged::Length);
    }
    let mut rest = text;
    Ok(lengths.into_iter().map(move |length| {
        let (text, behind) = rest.split_at_checked(length as usize).unwrap_or_default();
        rest = behind;
        text
    }))
}
