//! For tests: a disk in memory on which a process can be killed between any two operations.

use spool::disk::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

type Bytes = Arc<Mutex<Vec<u8>>>;

/// What stays when a process is killed.
#[derive(Default)]
struct Machine {
    folders: BTreeMap<&'static str, BTreeMap<String, Bytes>>,
    /// Which process may write.
    life: u64,
    /// Operations until it is killed.
    left: u64,
    /// Writes that are longer find no room.
    room: usize,
    /// The folder in which nothing can be done.
    broken: Option<&'static str>,
    /// The folder in which nothing can be synced.
    unsynced: Option<&'static str>,
}

/// Shared by the folders of one machine.
#[derive(Clone, Default)]
pub(crate) struct MemoryDisk(Arc<Mutex<Machine>>);

/// One folder, as one process has it.
struct Folder {
    disk: MemoryDisk,
    name: &'static str,
    life: u64,
}

struct File {
    disk: MemoryDisk,
    folder: &'static str,
    life: u64,
    bytes: Bytes,
}

impl MemoryDisk {
    /// Begins another life, which ends after so many operations.
    pub(crate) fn begin(&self, operations: u64) {
        let mut machine = self.0.lock().unwrap();
        machine.life += 1;
        machine.room = usize::MAX;
        (machine.broken, machine.unsynced) = (None, None);
        machine.left = operations;
    }

    /// A folder for the process that is alive now.
    pub(crate) fn folder(&self, name: &'static str) -> Arc<dyn Disk> {
        let life = self.0.lock().unwrap().life;
        Arc::new(Folder {
            disk: self.clone(),
            name,
            life,
        })
    }

    /// Lets writes that are longer find no room.
    pub(crate) fn fill(&self, room: usize) {
        self.0.lock().unwrap().room = room;
    }

    /// Whether the process was killed.
    pub(crate) fn is_killed(&self) -> bool {
        self.0.lock().unwrap().left == 0
    }

    /// Lets every operation in this folder fail, or in none.
    pub(crate) fn break_folder(&self, name: Option<&'static str>) {
        self.0.lock().unwrap().broken = name;
    }

    /// Lets every sync of a file in this folder fail, or in none; what was written stays.
    pub(crate) fn break_syncs(&self, name: Option<&'static str>) {
        self.0.lock().unwrap().unsynced = name;
    }

    fn operate(
        &self,
        folder: &'static str,
        life: u64,
    ) -> io::Result<std::sync::MutexGuard<'_, Machine>> {
        let mut machine = self.0.lock().unwrap();
        if machine.left == 0 || machine.life != life {
            return Err(io::Error::other("killed"));
        }
        if machine.broken == Some(folder) {
            return Err(io::Error::other("broken"));
        }
        machine.left -= 1;
        Ok(machine)
    }
}

impl Folder {
    fn in_folder<T>(
        &self,
        work: impl FnOnce(&mut BTreeMap<String, Bytes>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut machine = self.disk.operate(self.name, self.life)?;
        work(machine.folders.entry(self.name).or_default())
    }

    fn file(&self, bytes: Bytes) -> Arc<dyn DiskFile> {
        Arc::new(File {
            disk: self.disk.clone(),
            folder: self.name,
            life: self.life,
            bytes,
        })
    }
}

impl Disk for Folder {
    fn list(&self) -> io::Result<Vec<String>> {
        self.in_folder(|files| Ok(files.keys().cloned().collect()))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let bytes = Bytes::default();
        let made = Arc::clone(&bytes);
        self.in_folder(|files| {
            files.insert(name.to_owned(), made);
            Ok(())
        })?;
        Ok(self.file(bytes))
    }

    fn create_new(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let bytes = Bytes::default();
        let made = Arc::clone(&bytes);
        self.in_folder(|files| {
            if files.contains_key(name) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            files.insert(name.to_owned(), made);
            Ok(())
        })?;
        Ok(self.file(bytes))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let bytes = self.in_folder(|files| {
            let bytes = files.get(name).cloned();
            bytes.ok_or_else(|| io::ErrorKind::NotFound.into())
        })?;
        Ok(self.file(bytes))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.in_folder(|files| {
            let bytes = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
            files.insert(to.to_owned(), bytes);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.in_folder(|files| {
            let removed = files.remove(name).map(drop);
            removed.ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.in_folder(|_| Ok(()))
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = self.bytes.lock().unwrap();
        let start = usize::try_from(offset).unwrap().min(bytes.len());
        let count = buffer.len().min(bytes.len() - start);
        buffer[..count].copy_from_slice(&bytes[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let machine = self.disk.operate(self.folder, self.life)?;
        if bytes.len() > machine.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut content = self.bytes.lock().unwrap();
        let start = usize::try_from(offset).unwrap();
        let end = start + bytes.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        content[start..end].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let _alive = self.disk.operate(self.folder, self.life)?;
        let length = usize::try_from(length).unwrap();
        self.bytes.lock().unwrap().truncate(length);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let machine = self.disk.operate(self.folder, self.life)?;
        match machine.unsynced == Some(self.folder) {
            true => Err(io::Error::other("not synced")),
            false => Ok(()),
        }
    }
}
