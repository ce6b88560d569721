//! The right to carry a request out.

use std::path::PathBuf;

use shipway_pipeline::id::RequestId;

use crate::lock::FileLock;
use crate::store::Store;

/// The right to carry a request out, which the kernel gives back when its holder dies.
#[derive(Debug)]
pub struct Carried {
    path: PathBuf,
    _lock: FileLock,
}

impl Carried {
    /// Gives it back for ever: the request is over, and nobody carries it out again.
    pub fn finish(self) {
        // A file that stays takes no room and does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Store {
    /// Takes the right to carry a request out; none where another process has it.
    ///
    /// # Errors
    /// The lock's file cannot be used.
    pub fn try_carry(&self, id: RequestId) -> std::io::Result<Option<Carried>> {
        let path = self.carrier_lock(id);
        let lock = FileLock::try_take(&path)?;
        Ok(lock.map(|lock| Carried { path, _lock: lock }))
    }

    /// Whether some process carries a request out at this moment.
    ///
    /// # Errors
    /// The lock's file cannot be used.
    pub fn is_carried(&self, id: RequestId) -> std::io::Result<bool> {
        FileLock::is_taken(&self.carrier_lock(id))
    }

    fn carrier_lock(&self, id: RequestId) -> PathBuf {
        let name = format!("request-{id}.lock");
        self.directory().join("locks").join(name)
    }
}
