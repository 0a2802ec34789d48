//! One segment: its name, its head, and its frames read one behind another.

use super::aligned::{AlignedBuffer, BLOCK_BYTES};
use super::disk::{self, Disk, DiskFile};
use super::frame::{FRAME_HEAD_BYTES, FrameHead, HeadFault, SEGMENT_HEAD_BYTES, SegmentHead};
use super::salvage::Salvaged;
use std::io;
use std::sync::Arc;

/// How much is read at one time.
const READ_BYTES: usize = if cfg!(test) { 8 * 1024 } else { 1024 * 1024 };
/// A window that had to be larger than this for one frame is not kept.
const KEPT_BYTES: usize = 16 * 1024 * 1024;
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
        FrameCursor {
            file: Arc::clone(&self.file),
            head: self.head,
            expected: self.head.first_seq,
            offset: SEGMENT_HEAD_BYTES as u64,
            limit: self.length,
            window: AlignedBuffer::default(),
            window_start: 0,
            payload: 0..0,
        }
    }
}

fn write_whole(disk: &dyn Disk, name: &str, bytes: &[u8]) -> io::Result<Arc<dyn DiskFile>> {
    let file = disk.create(name)?;
    disk::write_all_at(&*file, bytes, 0)?;
    file.sync()?;
    Ok(file)
}

/// What stands at a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// An intact frame, which begins at this byte.
    Frame(FrameHead, u64),
    /// The seal.
    Seal(FrameHead),
    /// Nothing more.
    End,
    /// Bytes that are no intact frame.
    Bad,
}

/// Goes over the frames of a segment.
pub(super) struct FrameCursor {
    file: Arc<dyn DiskFile>,
    head: SegmentHead,
    expected: u64,
    offset: u64,
    limit: u64,
    window: AlignedBuffer,
    window_start: u64,
    payload: std::ops::Range<usize>,
}

impl FrameCursor {
    /// Where it stands, in bytes.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The sequence number that comes next.
    pub(super) fn expected(&self) -> u64 {
        self.expected
    }

    /// Lets it read on to a later end.
    pub(super) fn extend(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// The payload of the frame that the last step gave.
    pub(super) fn payload(&self) -> &[u8] {
        self.window.get(self.payload.clone()).unwrap_or_default()
    }

    /// Goes over one frame, or stays where it is.
    pub(super) fn step(&mut self) -> io::Result<Step> {
        if self.offset >= self.limit {
            return Ok(Step::End);
        }
        let start = self.offset;
        let Some(head) = self.intact_at(start)? else {
            return Ok(Step::Bad);
        };
        let in_order = match self.head.repaired {
            true => head.first_seq >= self.expected,
            false => head.first_seq == self.expected,
        };
        if !in_order {
            return Ok(Step::Bad);
        }
        if head.seal {
            return Ok(Step::Seal(head));
        }
        self.offset += head.frame_bytes();
        self.expected = head.end_seq();
        Ok(Step::Frame(head, start))
    }

    /// Goes to the next intact frame of a later number, past the bad bytes where it stands, and
    /// stays there when there is none.
    pub(super) fn skip_damage(&mut self) -> io::Result<bool> {
        for offset in self.offset..self.limit {
            if let Some(head) = self.intact_at(offset)?
                && head.first_seq >= self.expected
            {
                self.offset = offset;
                self.expected = head.first_seq;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The head of the frame at `offset`, if head and payload are intact.
    fn intact_at(&mut self, offset: u64) -> io::Result<Option<FrameHead>> {
        let Some(head) = self.head_at(offset)? else {
            return Ok(None);
        };
        if !self.fill(offset, head.frame_bytes())? {
            return Ok(None);
        }
        let from = usize::try_from(offset - self.window_start).unwrap_or(usize::MAX);
        let payload = from.saturating_add(FRAME_HEAD_BYTES);
        self.payload = payload..payload.saturating_add(head.payload_bytes as usize);
        let intact = head.is_intact(self.payload(), self.head.salt);
        Ok(intact.then_some(head))
    }

    fn head_at(&mut self, offset: u64) -> io::Result<Option<FrameHead>> {
        if !self.fill(offset, FRAME_HEAD_BYTES as u64)? {
            return Ok(None);
        }
        let from = usize::try_from(offset - self.window_start).unwrap_or(usize::MAX);
        let bytes = self.window.get(from..).unwrap_or_default();
        Ok(FrameHead::decode(bytes, self.head.salt))
    }

    /// Makes the window hold these bytes; `false` when they lie beyond the end.
    fn fill(&mut self, start: u64, length: u64) -> io::Result<bool> {
        let Some(end) = start.checked_add(length).filter(|end| *end <= self.limit) else {
            return Ok(false);
        };
        let window_end = self.window_start + self.window.len() as u64;
        if start >= self.window_start && end <= window_end {
            return Ok(true);
        }
        // Whole blocks are read, so that the disk can be asked directly.
        let block = BLOCK_BYTES as u64;
        let window_start = start - start % block;
        // Behind the block of the limit another frame is being written.
        let most = (self.limit - window_start).next_multiple_of(block);
        let wanted = (end - window_start).next_multiple_of(block);
        let wanted = wanted.max(READ_BYTES as u64).min(most);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        if self.window.capacity() > KEPT_BYTES {
            self.window = AlignedBuffer::default();
        }
        let space = self.window.space_for(window_start, wanted);
        let read = disk::read_full_at(&*self.file, space, window_start);
        self.window_start = window_start;
        // What lies beyond the limit may change yet, and after a failure nothing of the window is
        // what the file holds.
        let within = usize::try_from(self.limit - window_start).unwrap_or(usize::MAX);
        let filled = within.min(*read.as_ref().unwrap_or(&0));
        self.window.truncate(filled);
        read?;
        Ok(self.window_start + self.window.len() as u64 >= end)
    }
}
