//! Files that hold secrets.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::Path;

use shipway_pipeline::secret::SecretValue;

use super::files::create_private_directory;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Access {
    pub(crate) mode: u32,
    /// Somebody else than this user; only root can give a file away.
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
}

/// Writes a secret's file, in a directory for this user only.
///
/// One that is there is left alone: it may be mounted, and what a name stands for never changes.
/// The file appears whole or not at all.
pub(crate) fn write(path: &Path, value: &SecretValue, access: Access) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_private_directory(parent)?;
    }
    let mut staged = path.as_os_str().to_owned();
    staged.push(format!(".{}", std::process::id()));
    let staged = Path::new(&staged);
    // A process of the same number died in the middle of this.
    match fs::remove_file(staged) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(staged)?;
    file.write_all(value.expose())?;
    if access.uid.is_some() || access.gid.is_some() {
        chown(staged, access.uid, access.gid)?;
    }
    // Whatever the umask says.
    fs::set_permissions(staged, Permissions::from_mode(access.mode))?;
    fs::rename(staged, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_as_it_shall_be_and_written_once() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("below/key");
        let access = Access {
            mode: 0o440,
            uid: None,
            gid: None,
        };
        write(&path, &SecretValue::new(b"one".to_vec()), access).unwrap();
        write(&path, &SecretValue::new(b"two".to_vec()), access).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o440);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}
