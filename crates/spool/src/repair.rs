//! `--spool-recover`: a damaged segment is kept aside as it is, and its intact frames go on.

use super::damage::Damage;
use super::disk::{self, Disk, DiskFile};
use super::frame::{self, SegmentHead};
use super::frame_cursor::Step;
use super::salvage::Salvaged;
use super::segment::{self, Segment, UNFINISHED};
use std::io;

/// The ending of a segment that was set aside.
const ASIDE: &str = ".damaged";
const COPY_BYTES: usize = 1024 * 1024;

/// Puts each damaged segment together again, from the frames of it that are intact.
pub(super) fn set_aside(
    disk: &dyn Disk,
    names: &[String],
    damages: &[Damage],
    salts: &mut dyn FnMut() -> u64,
) -> io::Result<()> {
    let numbers = segment::numbers(names);
    for damage in damages {
        let next = numbers
            .iter()
            .copied()
            .find(|number| *number > damage.segment);
        let aside = copy_aside(disk, damage.segment)?;
        let next = match next {
            Some(next) => Some(next),
            None => begin_behind(disk, damage.segment, salts())?,
        };
        let kept = rebuild(disk, damage.segment, next, salts())?;
        tracing::error!(%damage, kept_batches = kept, set_aside = aside, "a damaged segment was set aside; its intact batches are kept");
    }
    Ok(())
}

/// Makes an empty segment behind what is intact of the newest one, so that nothing is appended to
/// one in which numbers may be missing. `None` when nothing of it is intact.
fn begin_behind(disk: &dyn Disk, number: u64, salt: u64) -> io::Result<Option<u64>> {
    let mut end = number;
    if let Ok(damaged) = Segment::salvage(disk, number) {
        let mut cursor = damaged.frames();
        loop {
            match cursor.step()? {
                Step::Frame(..) => end = cursor.expected(),
                Step::Bad if cursor.skip_damage()? => {}
                Step::Bad | Step::Seal(_) | Step::End => break,
            }
        }
    }
    if end == number {
        return Ok(None);
    }
    let head = SegmentHead::new(end, salt);
    Segment::create(disk, head, &[])?;
    Ok(Some(end))
}

/// Keeps a segment as it is under the first name that is free: the copies of earlier damage may be the
/// only bytes left of what was acknowledged. The name.
fn copy_aside(disk: &dyn Disk, number: u64) -> io::Result<String> {
    let names = (1_u64..).map(|copy| match copy {
        1 => format!("{number:020}{ASIDE}"),
        later => format!("{number:020}.{later}{ASIDE}"),
    });
    for name in names {
        match disk.create_new(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            target => {
                copy(disk, &segment::name(number), &*target?)?;
                return Ok(name);
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn copy(disk: &dyn Disk, from: &str, target: &dyn DiskFile) -> io::Result<()> {
    let source = Salvaged::new(disk.open(from)?);
    let mut buffer = vec![0; COPY_BYTES];
    let mut offset = 0;
    loop {
        let read = disk::read_full_at(&source, &mut buffer, offset)?;
        if read == 0 {
            break;
        }
        disk::write_all_at(target, buffer.get(..read).unwrap_or_default(), offset)?;
        offset += read as u64;
    }
    target.sync()?;
    disk.sync_folder()
}

/// Writes the segment again, without what is bad in it; the number of batches that it has then.
fn rebuild(disk: &dyn Disk, number: u64, next: Option<u64>, salt: u64) -> io::Result<u32> {
    // A head of which both copies are bad has taken the salt with it, and with it every checksum.
    let damaged = Segment::salvage(disk, number).ok();
    let may_hold_earlier = |damaged: &Segment| damaged.head.may_hold_earlier();
    let head = SegmentHead {
        repaired: true,
        ..SegmentHead::new(number, salt)
    };
    let head = head.for_earlier(damaged.as_ref().is_some_and(may_hold_earlier));
    let unfinished = segment::name(number) + UNFINISHED;
    let file = disk.create(&unfinished)?;
    disk::write_all_at(&*file, &head.encode(), 0)?;
    let mut end = frame::SEGMENT_HEAD_BYTES as u64;
    let (mut batches, mut records) = (0, 0);
    if let Some(damaged) = damaged {
        let mut cursor = damaged.frames();
        loop {
            match cursor.step()? {
                // From where the next segment begins, its frames count.
                Step::Frame(frame, _) if next.is_some_and(|next| frame.first_seq >= next) => break,
                Step::Frame(frame, _) => {
                    let bytes = frame.with_salt(cursor.payload(), salt);
                    disk::write_all_at(&*file, &bytes, end)?;
                    end += bytes.len() as u64;
                    (batches, records) = (batches + frame.batches, records + frame.records);
                }
                Step::Bad if cursor.skip_damage()? => {}
                Step::Bad | Step::Seal(_) | Step::End => break,
            }
        }
    }
    seal(&*file, next, salt, end, (batches, records))?;
    file.sync()?;
    disk.rename(&unfinished, &segment::name(number))?;
    disk.sync_folder()?;
    Ok(batches)
}

fn seal(
    file: &dyn DiskFile,
    next: Option<u64>,
    salt: u64,
    end: u64,
    total: (u32, u32),
) -> io::Result<()> {
    match next {
        Some(next) => {
            let seal = frame::encode_seal(salt, next, total.0, total.1);
            disk::write_all_at(file, &seal, end)
        }
        None => Ok(()),
    }
}
