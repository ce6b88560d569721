//! Starts a program through the exec shim, within a helper process.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use rustix::process::{Pid, getpid};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use super::launch::Launch;
use super::launcher::{Launcher, Mode};
use super::reaper::Reaper;
use crate::Exit;

/// A program that runs, as leader of a process group of its own.
pub(super) struct Child {
    /// Its process and its group.
    pub(super) pid: Pid,
    /// How it ends.
    pub(super) ended: oneshot::Receiver<Exit>,
}

/// Starts a program; returns when it was executed.
///
/// # Errors
/// Why it was not.
pub(super) async fn spawn(
    launcher: &Launcher,
    launch: &Launch,
    (stdout, stderr): (Stdio, Stdio),
    reaper: &Reaper,
) -> Result<Child, String> {
    let (report, end) = io::pipe().map_err(|error| format!("no pipe: {error}"))?;
    let child = {
        // The command holds its ends of the pipes; it must be gone before anybody reads.
        let mut command = launcher.own_command(Mode::Exec, &launch.environment);
        command
            .arg(getpid().to_string())
            .args(&launch.words)
            .current_dir(&launch.directory)
            .process_group(0)
            .stdin(Stdio::from(end))
            .stdout(stdout)
            .stderr(stderr);
        let child = command.spawn().map_err(|error| {
            format!("cannot start in `{}`: {error}", launch.directory.display())
        })?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| format!("the pid {} is none", child.id()))?;
        let ended = reaper.watch(pid);
        Child { pid, ended }
    };
    let reason = read_report(report)
        .await
        .map_err(|error| format!("no report from the shim: {error}"))?;
    if reason.is_empty() {
        Ok(child)
    } else {
        Err(reason)
    }
}

async fn read_report(report: io::PipeReader) -> io::Result<String> {
    let mut reason = Vec::new();
    pipe::Receiver::from_owned_fd(report.into())?
        .read_to_end(&mut reason)
        .await?;
    Ok(String::from_utf8_lossy(&reason).into_owned())
}
