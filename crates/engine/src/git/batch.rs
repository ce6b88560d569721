//! Many files of a commit by one call of git.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// Asks for the objects of these lines.
pub(super) fn ask(root: &Path, wanted: String) -> io::Result<Vec<u8>> {
    let mut child = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdin = child.stdin.take();
    // Both pipes are full in no time: one thread writes while the other reads.
    let writer = std::thread::spawn(move || match stdin {
        Some(mut stdin) => stdin.write_all(wanted.as_bytes()),
        None => Ok(()),
    });
    let output = child.wait_with_output()?;
    match writer.join() {
        Ok(written) => written?,
        Err(_) => return Err(io::Error::other("the writer ended")),
    }
    Ok(output.stdout)
}

/// Splits the answer: for each object a line with its size, its content, a line feed. `None` where
/// one is missing.
pub(super) fn split(mut answer: &[u8], count: usize) -> Option<Vec<Vec<u8>>> {
    let mut contents = Vec::with_capacity(count);
    for _ in 0..count {
        let end = answer.iter().position(|byte| *byte == b'\n')?;
        let head = std::str::from_utf8(answer.get(..end)?).ok()?;
        let size: usize = head.rsplit(' ').next()?.parse().ok()?;
        contents.push(answer.get(end + 1..end + 1 + size)?.to_vec());
        answer = answer.get(end + 2 + size..)?;
    }
    Some(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_split_by_their_sizes() {
        let contents = split(b"1f blob 3\na\nb\n2f blob 0\n\n", 2).unwrap();
        assert_eq!(contents, [b"a\nb".to_vec(), Vec::new()]);
        assert!(split(b"1f missing\n", 1).is_none());
    }
}
