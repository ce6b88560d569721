//! Names for content: what was made from the same things need not be made again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

/// As many characters as tell two contents apart, and can be read out.
const LENGTH: usize = 16;

/// A digest over parts, each told apart from its neighbours.
#[derive(Debug, Default)]
pub(super) struct Digest(Sha256);

// === impl Digest ===

impl Digest {
    pub(super) fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// All files below a folder: their names, modes and contents.
    pub(super) fn with_folder(mut self, folder: &Path) -> Result<Self> {
        let cannot_read = || format!("cannot read `{}`", folder.display());
        let mut paths: Vec<_> = fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .with_context(cannot_read)?;
        paths.sort();
        for path in paths {
            self = self.with(path.file_name().unwrap_or_default().as_encoded_bytes());
            if path.is_dir() {
                self = self.with_folder(&path)?;
            } else {
                let mode = path
                    .metadata()
                    .with_context(cannot_read)?
                    .permissions()
                    .mode();
                let content = fs::read(&path).with_context(cannot_read)?;
                self = self.with((mode & 0o111).to_le_bytes()).with(content);
            }
        }
        Ok(self)
    }

    pub(super) fn finish(self) -> String {
        let hex: String = self
            .0
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        hex[..LENGTH].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_told_apart() {
        let one = Digest::default().with("ab").with("c").finish();
        let two = Digest::default().with("a").with("bc").finish();
        assert_ne!(one, two);
        assert_eq!(one.len(), LENGTH);
    }

    #[test]
    fn a_folder_changes_with_names_modes_and_contents() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path();
        let digest = || Digest::default().with_folder(folder).unwrap().finish();
        fs::create_dir(folder.join("inner")).unwrap();
        fs::write(folder.join("inner/file"), "one").unwrap();
        let mut seen = vec![digest()];
        assert_eq!(seen[0], digest());
        fs::write(folder.join("inner/file"), "two").unwrap();
        seen.push(digest());
        fs::set_permissions(folder.join("inner/file"), fs::Permissions::from_mode(0o755)).unwrap();
        seen.push(digest());
        fs::rename(folder.join("inner/file"), folder.join("inner/other")).unwrap();
        seen.push(digest());
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }
}
