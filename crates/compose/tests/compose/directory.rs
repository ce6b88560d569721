//! A directory of a test, gone when it is dropped.
#![expect(
    clippy::disallowed_methods,
    reason = "Compose reads files, so a test that asks it writes some"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of its own below the target directory.
pub(crate) struct Directory(PathBuf);

// === impl Directory ===

impl Directory {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "compose-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).expect("cargo made the directory above");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, with the directories above it.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("the directory is ours");
        }
        std::fs::write(path, text).expect("the directory is ours");
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed is below the target directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
