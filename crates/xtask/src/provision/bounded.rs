//! Runs programs for a bounded time, with their output in a log.
//!
//! Provisioning is run beside compilers and tests, whose output it would tear apart; and what waits
//! for a network must never wait for ever.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::program::render;

/// How much of a log is shown when its program has failed.
const SHOWN_LINES: usize = 25;

/// Runs a program to its end. What it prints is added to the log, whose end is part of the error.
pub(crate) fn run(command: &mut Command, limit: Duration, log: &Path) -> Result<()> {
    let line = render(command);
    let mut file = open_log(log)?;
    writeln!(file, "$ {line}").context("cannot write to the log")?;
    let began = file.stream_position().context("cannot read the log")?;
    command
        .stdin(Stdio::null())
        .stdout(file.try_clone().context("cannot share the log")?)
        .stderr(file);
    match status_within(command, limit)? {
        Some(status) if status.success() => Ok(()),
        Some(status) => bail!("`{line}` ended with {status}:\n{}", tail(log, began)),
        None => bail!(
            "`{line}` had not ended after {limit:.0?}:\n{}",
            tail(log, began)
        ),
    }
}

/// What a program prints, or why it cannot be had.
pub(crate) fn capture(command: &mut Command, limit: Duration) -> Result<String> {
    let line = render(command);
    let mut streams = [tempfile::tempfile()?, tempfile::tempfile()?];
    command
        .stdin(Stdio::null())
        .stdout(streams[0].try_clone()?)
        .stderr(streams[1].try_clone()?);
    let status = status_within(command, limit)?;
    let [stdout, stderr] = &mut streams;
    match status {
        Some(status) if status.success() => Ok(content(stdout)?.trim().to_owned()),
        Some(status) => bail!("`{line}` ended with {status}: {}", content(stderr)?.trim()),
        None => bail!("`{line}` had not ended after {limit:.0?}"),
    }
}

/// Opens a log to add to it.
pub(super) fn open_log(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot open `{}`", path.display()))?;
    file.seek(std::io::SeekFrom::End(0))
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(file)
}

/// Waits until the process has ended; `false` when it had not at the deadline.
pub(super) fn wait_for_end(pid: Pid, limit: Duration) -> Result<bool> {
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(Errno::SRCH) => return Ok(true),
        Err(error) => return Err(error).context("cannot watch a process"),
    };
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).context("the limit is too long")?;
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot watch a process"),
        }
    }
}

/// How the program ended, or `None` when its time was over and it was ended with all that it had
/// started.
fn status_within(command: &mut Command, limit: Duration) -> Result<Option<ExitStatus>> {
    let line = render(command);
    let mut child = command
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot run `{line}`"))?;
    let pid = Pid::from_child(&child);
    let has_ended = wait_for_end(pid, limit)?;
    if !has_ended {
        end_group(&mut child, pid)?;
        return Ok(None);
    }
    child
        .wait()
        .map(Some)
        .with_context(|| format!("cannot wait for `{line}`"))
}

fn end_group(child: &mut Child, group: Pid) -> Result<()> {
    match kill_process_group(group, Signal::KILL) {
        Ok(()) | Err(Errno::SRCH) => {}
        Err(error) => return Err(error).context("cannot end a process"),
    }
    child.wait().context("cannot wait for an ended process")?;
    Ok(())
}

fn content(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The end of what was logged after a place.
fn tail(log: &Path, began: u64) -> String {
    let text = File::open(log)
        .and_then(|mut file| {
            let mut bytes = Vec::new();
            file.seek(std::io::SeekFrom::Start(began))?;
            file.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        })
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    format!("{}\n(all of it: {})", shown.join("\n"), log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_failed_program_said_is_in_the_error_and_in_the_log() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("logs/step.log");
        run(&mut shell("echo before"), LONG, &log).unwrap();
        let error = run(&mut shell("echo why >&2; exit 3"), LONG, &log).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("\nwhy\n"), "{text}");
        assert!(!text.contains("\nbefore\n"), "{text}");
        let logged = fs::read_to_string(&log).unwrap();
        assert!(logged.contains("before\n$ sh -c"), "{logged}");
    }

    #[test]
    fn a_program_is_ended_at_its_deadline_with_its_children() {
        let directory = tempfile::tempdir().unwrap();
        let child = directory.path().join("child");
        let script = format!("sleep 600 & echo $! > {}; wait", child.display());
        let error = capture(&mut shell(&script), Duration::from_millis(300)).unwrap_err();
        assert!(error.to_string().contains("had not ended"), "{error}");
        let pid: i32 = fs::read_to_string(child).unwrap().trim().parse().unwrap();
        assert!(wait_for_end(Pid::from_raw(pid).unwrap(), LONG).unwrap());
    }

    #[test]
    fn output_is_captured_and_an_error_tells_what_was_said() {
        assert_eq!(capture(&mut shell("echo yes"), LONG).unwrap(), "yes");
        let error = capture(&mut shell("echo no >&2; exit 1"), LONG).unwrap_err();
        assert!(error.to_string().ends_with(": no"), "{error}");
    }
}
