//! An open file of a simulated disk.

use super::SimulatedFile;
use crate::aligned::BLOCK_BYTES;
use crate::disk::DiskFile;
use crate::tests::machine::{Fate, Needs, Sabotage};
use std::io;

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        let mut machine = self.0.machine();
        machine.read_fails()?;
        Ok(machine.inodes[self.1].cache.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let machine = &mut *self.0.machine();
        machine.read_fails()?;
        let cache = &machine.inodes[self.1].cache;
        let from = usize::try_from(offset).unwrap().min(cache.len());
        let most = buffer.len().min(cache.len() - from);
        let count = match most > 1 && machine.random.once_in(8) {
            true => machine.random.between(1, most),
            false => most,
        };
        let blocks = from / BLOCK_BYTES..(from + count).div_ceil(BLOCK_BYTES);
        let mut lost = blocks.filter(|block| machine.unreadable.contains(&(self.1, *block)));
        // Some of what comes before the bad place may be read, or nothing.
        let count = match lost.next() {
            None => count,
            Some(bad) if bad * BLOCK_BYTES > from && machine.random.once_in(2) => {
                bad * BLOCK_BYTES - from
            }
            Some(_) => return Err(rustix::io::Errno::IO.into()),
        };
        let cache = &machine.inodes[self.1].cache;
        buffer[..count].copy_from_slice(&cache[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let machine = &mut *self.0.machine();
        let mut offset = usize::try_from(offset).unwrap();
        let longer = offset + bytes.len() > machine.inodes[self.1].cache.len();
        let fate = machine.begin(if longer {
            Needs::Room
        } else {
            Needs::LittleRoom
        })?;
        let inode = &mut machine.inodes[self.1];
        if machine.sabotage == Sabotage::AppendBehind && offset > 0 {
            offset = inode.cache.len();
        }
        let count = match fate {
            Fate::Done if !machine.random.once_in(8) => bytes.len(),
            Fate::Done => machine.random.between(1, bytes.len()),
            Fate::Fails(_) | Fate::Stops => machine.random.below(bytes.len()),
        };
        inode.write(&bytes[..count], offset);
        match fate {
            Fate::Done => Ok(count),
            Fate::Fails(kind) => Err(kind.into()),
            Fate::Stops => Err(io::ErrorKind::Other.into()),
        }
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let machine = &mut *self.0.machine();
        let (done, answer) = machine.whole(Needs::Nothing)?;
        if done && machine.sabotage != Sabotage::AppendBehind {
            let length = usize::try_from(length).unwrap();
            machine.inodes[self.1].truncate(length, &mut machine.random);
        }
        answer
    }

    fn sync(&self) -> io::Result<()> {
        let machine = &mut *self.0.machine();
        let mut fate = machine.begin(Needs::Room)?;
        if fate == Fate::Done && machine.random.once_in(machine.faults.sync_fails) {
            fate = Fate::Fails(io::ErrorKind::Other);
        }
        let inode = &mut machine.inodes[self.1];
        match (fate, machine.sabotage) {
            (Fate::Done, Sabotage::NoSync) => Ok(()),
            (Fate::Done, Sabotage::LateSync) => {
                machine.late_sync = Some(self.1);
                Ok(())
            }
            (Fate::Done, _) => {
                inode.sync();
                Ok(())
            }
            (Fate::Fails(kind), _) => {
                inode.sync_badly(&mut machine.random);
                Err(kind.into())
            }
            // What was on its way to the disk is still unsynced, and settled at the power cut.
            (Fate::Stops, _) => Err(io::ErrorKind::Other.into()),
        }
    }
}
