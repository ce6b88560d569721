//! Calls of git, which is given up when it takes too long: a server may never answer.

use std::path::Path;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

/// What git prints, or in one line why there is none.
pub(crate) async fn run(
    directory: &Path,
    words: &[&str],
    patience: Duration,
) -> Result<String, String> {
    let child = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(words)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // What git starts for itself ends with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let child = child.map_err(|error| format!("git could not be started: {error}"))?;
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let mut ended = pin!(child.wait_with_output());
    let Ok(output) = tokio::time::timeout(patience, ended.as_mut()).await else {
        // It was not waited for, so the number is still its own.
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        return Err(format!("there was no answer in {} s", patience.as_secs()));
    };
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().rfind(|line| !line.trim().is_empty());
    Err(line.unwrap_or("it says nothing").trim().to_owned())
}
