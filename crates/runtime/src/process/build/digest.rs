//! The content digest of a tree: names, kinds, executability, contents, targets of links.
//!
//! Times and owners are left out, so that the same content has the same digest wherever and
//! whenever it was built.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::super::start::hex;

/// The digest of a directory or file, 64 hexadecimal digits.
pub(super) fn of_tree(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    add(&mut hash, path)?;
    Ok(hex(&hash.finalize()))
}

fn add(hash: &mut Sha256, path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        hash.update(b"link");
        add_bytes(hash, fs::read_link(path)?.as_os_str().as_bytes());
    } else if metadata.is_dir() {
        add_directory(hash, path)?;
    } else if metadata.is_file() {
        let is_executable = metadata.permissions().mode() & 0o100 != 0;
        hash.update(if is_executable { b"prog" } else { b"file" });
        hash.update(metadata.len().to_le_bytes());
        add_content(hash, path)?;
    } else {
        let text = format!("`{}` is no file, directory or link", path.display());
        return Err(io::Error::other(text));
    }
    Ok(())
}

fn add_directory(hash: &mut Sha256, path: &Path) -> io::Result<()> {
    let mut names = fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    hash.update(b"tree");
    hash.update((names.len() as u64).to_le_bytes());
    for name in names {
        add_bytes(hash, name.as_bytes());
        add(hash, &path.join(name))?;
    }
    Ok(())
}

fn add_bytes(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn add_content(hash: &mut Sha256, path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            count => hash.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn whatever_a_service_could_tell_apart_changes_the_digest() {
        let home = tempfile::tempdir().unwrap();
        let digest = || of_tree(home.path()).unwrap();
        let mut seen = vec![digest()];
        let file = home.path().join("file");
        fs::write(&file, "a").unwrap();
        seen.push(digest());
        fs::write(&file, "b").unwrap();
        seen.push(digest());
        fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        seen.push(digest());
        symlink("file", home.path().join("link")).unwrap();
        seen.push(digest());
        fs::create_dir(home.path().join("empty")).unwrap();
        seen.push(digest());
        let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len());
        // Neither the time nor the right to write is content.
        fs::write(&file, "b").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o555)).unwrap();
        assert_eq!(digest(), seen[5]);
    }
}
