//! One segment: its name, its head and its seal, opened or made.

use super::disk::{self, Disk, DiskFile};
use super::frame::{FRAME_HEAD_BYTES, FrameHead, HeadFault, SEGMENT_HEAD_BYTES, SegmentHead};
use super::frame_cursor::FrameCursor;
use super::salvage::Salvaged;
use std::io;
use std::sync::Arc;

const SUFFIX: &str = ".seg";
/// Behind the name of a file that is being made; such a file is never read.
pub(super) const UNFINISHED: &str = ".new";

/// The name of the segment whose first batch has this number.
pub(super) fn name(first_seq: u64) -> String {
    format!("{first_seq:020}{SUFFIX}")
}

/// The number in a segment's name.
pub(super) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

/// The numbers of the segments among these files, oldest first.
pub(super) fn numbers(names: &[String]) -> Vec<u64> {
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    numbers
}

/// An open segment.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) head: SegmentHead,
    /// Whether both copies of the head are intact.
    pub(super) whole_head: bool,
    pub(super) length: u64,
    /// Of what cannot be read, if that was passed over.
    salvaged: Option<Arc<Salvaged>>,
}

/// Why a segment could not be made.
pub(super) enum CreateFault {
    /// It is not there, and everything else is as it was.
    NotMade(io::Error),
    /// It may be there or not.
    Unknown(io::Error),
}

impl From<CreateFault> for io::Error {
    fn from(fault: CreateFault) -> Self {
        match fault {
            CreateFault::NotMade(error) | CreateFault::Unknown(error) => error,
        }
    }
}

/// Why a segment could not be opened.
pub(super) enum OpenFault {
    Io(io::Error),
    Head(HeadFault),
    /// The disk cannot read the head.
    Unreadable,
}

impl Segment {
    /// Opens the segment with this number.
    pub(super) fn open(disk: &dyn Disk, first_seq: u64) -> Result<Self, OpenFault> {
        let file = disk.open(&name(first_seq)).map_err(OpenFault::Io)?;
        Self::of(file, first_seq)
    }

    /// Opens it so that zeros stand for what the disk cannot read, as damage like any other.
    pub(super) fn salvage(disk: &dyn Disk, first_seq: u64) -> Result<Self, OpenFault> {
        let file = disk.open(&name(first_seq)).map_err(OpenFault::Io)?;
        let salvaged = Arc::new(Salvaged::new(file));
        let segment = Self::of(Arc::clone(&salvaged) as Arc<dyn DiskFile>, first_seq);
        match segment {
            Err(OpenFault::Head(_)) if salvaged.lost_from(0).is_some() => {
                Err(OpenFault::Unreadable)
            }
            segment => Ok(Self {
                salvaged: Some(salvaged),
                ..segment?
            }),
        }
    }

    /// The first place from the block of `offset` on that the disk could not read.
    pub(super) fn lost_from(&self, offset: u64) -> Option<u64> {
        self.salvaged.as_ref()?.lost_from(offset)
    }

    fn of(file: Arc<dyn DiskFile>, first_seq: u64) -> Result<Self, OpenFault> {
        let mut bytes = [0; SEGMENT_HEAD_BYTES];
        let read = disk::read_full_at(&*file, &mut bytes, 0).map_err(OpenFault::Io)?;
        let bytes = bytes.get(..read).unwrap_or_default();
        let (head, whole_head) = SegmentHead::decode(bytes).map_err(OpenFault::Head)?;
        if head.first_seq != first_seq {
            return Err(OpenFault::Head(HeadFault::Damaged));
        }
        let length = file.length().map_err(OpenFault::Io)?;
        Ok(Self {
            file,
            head,
            whole_head,
            length,
            salvaged: None,
        })
    }

    /// Makes an empty segment. It has its name only once its head is durable, so that a segment
    /// without a head is damage and nothing else.
    pub(super) fn create(
        disk: &dyn Disk,
        head: SegmentHead,
        frame: &[u8],
    ) -> Result<Self, CreateFault> {
        let (final_name, first_name) = (name(head.first_seq), name(head.first_seq) + UNFINISHED);
        let bytes = [&head.encode(), frame].concat();
        let file = write_whole(disk, &first_name, &bytes).map_err(|error| {
            // It takes up room that is wanted; a start removes it, too.
            drop(disk.remove(&first_name));
            CreateFault::NotMade(error)
        })?;
        // From here on the segment may be there or not, whatever the reason of a failure was, so
        // the old segment must not be gone on with.
        disk.rename(&first_name, &final_name)
            .and_then(|()| disk.sync_folder())
            .map_err(|error| io::Error::other(format!("the folder cannot be written: {error}")))
            .map_err(CreateFault::Unknown)?;
        Ok(Self {
            file,
            head,
            whole_head: true,
            length: bytes.len() as u64,
            salvaged: None,
        })
    }

    /// The seal at its end, if there is one.
    pub(super) fn seal(&self) -> io::Result<Option<FrameHead>> {
        let Some(offset) = self.length.checked_sub(FRAME_HEAD_BYTES as u64) else {
            return Ok(None);
        };
        let mut bytes = [0; FRAME_HEAD_BYTES];
        disk::read_full_at(&*self.file, &mut bytes, offset)?;
        Ok(FrameHead::decode(&bytes, self.head.salt).filter(|head| head.seal))
    }

    /// Its frames from the first on, as far as it is long now.
    pub(super) fn frames(&self) -> FrameCursor {
        FrameCursor::new(Arc::clone(&self.file), self.head, self.length)
    }
}

pub(super) fn write_whole(
    disk: &dyn Disk,
    name: &str,
    bytes: &[u8],
) -> io::Result<Arc<dyn DiskFile>> {
    let file = disk.create(name)?;
    disk::write_all_at(&*file, bytes, 0)?;
    file.sync()?;
    Ok(file)
}
