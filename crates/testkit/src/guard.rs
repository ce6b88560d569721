//! What cleans up after a test, however it ends.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

const SOURCE: &str = include_str!("guard.py");

/// A process that outlives the test if need be: a killed test cleans up nothing itself.
#[derive(Debug)]
pub(crate) struct Guard {
    child: Child,
    /// Its end is the signal.
    stdin: Option<ChildStdin>,
}

impl Guard {
    /// Guards a directory: its processes and itself go with the guard.
    pub(crate) fn of(root: &Path) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", SOURCE])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 runs");
        let mut stdin = child.stdin.take().expect("it is piped");
        writeln!(stdin, "{}", root.display()).expect("the guard reads");
        Self {
            child,
            stdin: Some(stdin),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It ends when nothing is left.
        let _ = self.child.wait();
    }
}
