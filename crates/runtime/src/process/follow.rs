//! Follows what an instance writes.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use shipway_pipeline::id::InstanceId;

use super::log;
use crate::lines::Splitter;
use crate::state::files;
use crate::state::layout::Layout;
use crate::{ColourKey, Error, Line, Output};

/// Between two looks at the end of the file: nobody reads faster.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Tells the last lines, and then each new one until the instance's directory is gone.
pub(super) async fn follow(
    layout: &Layout,
    key: &ColourKey,
    id: &InstanceId,
    lines: usize,
    output: Output<'_>,
) -> Result<(), Error> {
    let directory = layout.instance(key, id);
    let followed = follow_in(&directory, lines, output).await;
    followed.map_err(files::failed("follow the log in", &directory))
}

async fn follow_in(directory: &Path, lines: usize, output: Output<'_>) -> io::Result<()> {
    let path = log::newest(directory);
    let Some(mut file) = open(&path)? else {
        return Ok(());
    };
    let tell = |text: String| {
        let line = Line {
            text,
            is_error: false,
        };
        output.send(line).is_ok()
    };
    for text in log::last_lines_and_rest(directory, &mut file, lines)? {
        tell(text);
    }
    let mut splitter = Splitter::default();
    loop {
        // Looked at before the rest is read: what is written to a file is written before the next.
        let next = open(&path)?;
        let is_same = match &next {
            Some(next) => next.metadata()?.ino() == file.metadata()?.ino(),
            None => false,
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        for text in splitter.push(&bytes) {
            if !tell(text) {
                return Ok(());
            }
        }
        match next {
            Some(next) if !is_same => file = next,
            Some(_) => tokio::time::sleep(LOOK_AGAIN).await,
            None => {
                if let Some(text) = splitter.finish() {
                    tell(text);
                }
                return Ok(());
            }
        }
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[tokio::test]
    async fn lines_are_followed_over_a_rotation_to_the_end() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("web-1");
        fs::create_dir(&directory).unwrap();
        let path = directory.join("log");
        fs::write(&path, "one\ntwo\nthr").unwrap();
        let (sender, mut lines) = unbounded_channel();
        let followed = directory.clone();
        let follower = tokio::spawn(async move { follow_in(&followed, 1, &sender).await });
        let mut next = async || lines.recv().await.map(|line| line.text);
        assert_eq!(next().await.as_deref(), Some("two"));
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"ee\nfour\n").unwrap();
        assert_eq!(next().await.as_deref(), Some("three"));
        assert_eq!(next().await.as_deref(), Some("four"));
        fs::rename(&path, directory.join("log.1")).unwrap();
        fs::write(&path, "five\nsix").unwrap();
        assert_eq!(next().await.as_deref(), Some("five"));
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(next().await.as_deref(), Some("six"));
        assert_eq!(next().await, None);
        follower.await.unwrap().unwrap();
    }
}
