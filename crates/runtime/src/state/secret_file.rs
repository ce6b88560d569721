//! Files that hold secrets.

use std::io;
use std::path::Path;

use shipway_pipeline::secret::SecretValue;

pub(crate) use shipway_durable::Access;

/// Writes a secret's file, in a directory for this user only.
///
/// One that is there is left alone: it may be mounted, and what a name stands for never changes.
/// The file appears whole or not at all, also after a loss of power: containers are started again
/// by the engine, and must not find an empty one.
pub(crate) fn write(path: &Path, value: &SecretValue, access: Access) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        shipway_durable::make_directory(parent)?;
    }
    shipway_durable::replace_as(path, value.expose(), access)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

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
