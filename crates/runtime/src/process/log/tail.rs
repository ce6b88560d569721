//! The last lines of a log.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use super::rotate;

/// A line is rarely longer; where it is, more is read.
const FIRST_READ: u64 = 64 * 1024;

/// The last lines of an instance's log, oldest first.
pub(crate) fn last_lines(directory: &Path, count: usize) -> io::Result<Vec<String>> {
    gather(directory, 0, count)
}

/// The last whole lines of an instance's log, whose newest file is open; leaves it at what follows
/// them.
pub(crate) fn last_lines_and_rest(
    directory: &Path,
    newest: &mut File,
    count: usize,
) -> io::Result<Vec<String>> {
    let end = end_of_lines(newest)?;
    let mut lines = last_lines_until(newest, end, count)?;
    let older = gather(directory, 1, count - lines.len())?;
    lines.splice(0..0, older);
    newest.seek(SeekFrom::Start(end))?;
    Ok(lines)
}

/// The last lines of a file, oldest first.
pub(crate) fn last_lines_of_file(path: &Path, count: usize) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    last_lines_until(&mut file, size, count)
}

/// The last lines of the file with this number and those before it.
fn gather(directory: &Path, newest: u32, count: usize) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    for number in newest.. {
        let missing = count - lines.len();
        let older = match last_lines_of_file(&rotate::path(directory, number), missing) {
            Err(error) if error.kind() == ErrorKind::NotFound => break,
            older => older?,
        };
        lines.splice(0..0, older);
        if lines.len() == count {
            break;
        }
    }
    Ok(lines)
}

/// Where the last line that has an end ends.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    let size = file.metadata()?.len();
    let start = size.saturating_sub(FIRST_READ);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.by_ref().take(size - start).read_to_end(&mut bytes)?;
    let last = bytes.iter().rposition(|byte| *byte == b'\n');
    // A line without an end that is longer than this is cut.
    Ok(last.map_or(start, |last| start + last as u64 + 1))
}

/// The last lines of the first `size` bytes, oldest first.
fn last_lines_until(file: &mut File, size: u64, count: usize) -> io::Result<Vec<String>> {
    let mut wanted = FIRST_READ;
    loop {
        let start = size.saturating_sub(wanted);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.by_ref().take(size - start).read_to_end(&mut bytes)?;
        // The first line is whole only where the file begins.
        let newlines = bytes.iter().filter(|byte| **byte == b'\n').count();
        if start == 0 || newlines > count {
            return Ok(last_of(&bytes, count));
        }
        wanted *= 4;
    }
}

fn last_of(bytes: &[u8], count: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(count);
    lines.into_iter().skip(first).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_are_gathered_across_files_oldest_first() {
        let home = tempfile::tempdir().unwrap();
        fs::write(rotate::path(home.path(), 0), "three\nfour\n").unwrap();
        fs::write(rotate::path(home.path(), 1), "one\ntwo\n").unwrap();
        let last = |count| last_lines(home.path(), count).unwrap();
        assert_eq!(last(3), ["two", "three", "four"]);
        assert_eq!(last(1), ["four"]);
        assert_eq!(last(9).len(), 4);
        assert!(last(0).is_empty());
    }

    #[test]
    fn lines_longer_than_the_first_read_are_whole() {
        let home = tempfile::tempdir().unwrap();
        let long = "x".repeat(100_000);
        let path = home.path().join("log");
        fs::write(&path, format!("a\n{long}\n{long}\n")).unwrap();
        let lines = last_lines_of_file(&path, 2).unwrap();
        assert_eq!(lines, [long.as_str(), long.as_str()]);
    }
}
