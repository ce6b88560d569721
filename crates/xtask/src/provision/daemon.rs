//! Programs that stay in the background, each with a log and a record of who it is.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use super::bounded;
use super::places::Places;

/// The engine gives its containers ten seconds each, all at once.
const ENDING: Duration = Duration::from_secs(60);

/// A program of ours in the background.
#[derive(Debug)]
pub(super) struct Daemon {
    name: &'static str,
    log: PathBuf,
    record: PathBuf,
}

/// A process, told from a later one with the same number by when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    pid: Pid,
    began: u64,
}

// === impl Daemon ===

impl Daemon {
    pub(super) fn new(places: &Places, name: &'static str) -> Self {
        Self {
            name,
            log: places.log(name),
            record: places.record(name),
        }
    }

    pub(super) fn log(&self) -> &PathBuf {
        &self.log
    }

    /// Starts it in a session of its own, so that it outlives this program and its terminal.
    pub(super) fn start(&self, command: &Command) -> Result<()> {
        let log = bounded::open_log(&self.log)?;
        let mut detached = Command::new("setsid");
        detached
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("cannot share the log")?)
            .stderr(log);
        let child = detached
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.name))?;
        let identity = Identity::of(Pid::from_child(&child)).with_context(|| {
            format!("`{}` ended at once: see {}", self.name, self.log.display())
        })?;
        if let Some(folder) = self.record.parent() {
            fs::create_dir_all(folder).context("cannot make the folder of records")?;
        }
        fs::write(&self.record, identity.render()).context("cannot record what was started")
    }

    /// The process that was started, while it runs.
    pub(super) fn running(&self) -> Option<Pid> {
        self.identity().map(|identity| identity.pid)
    }

    /// Ends what was started; `false` when nothing was running.
    pub(super) fn stop(&self) -> Result<bool> {
        let identity = self.identity();
        if let Some(Identity { pid, .. }) = identity {
            self.end(pid)?;
        }
        match fs::remove_file(&self.record) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).context("cannot remove the record"),
        }
        Ok(identity.is_some())
    }

    fn identity(&self) -> Option<Identity> {
        let recorded = Identity::parse(&fs::read_to_string(&self.record).ok()?)?;
        (Identity::of(recorded.pid) == Some(recorded)).then_some(recorded)
    }

    fn end(&self, pid: Pid) -> Result<()> {
        for signal in [Signal::TERM, Signal::KILL] {
            match kill_process(pid, signal) {
                Ok(()) => {}
                Err(Errno::SRCH) => return Ok(()),
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot end `{}`", self.name));
                }
            }
            if bounded::wait_for_end(pid, ENDING)? {
                return Ok(());
            }
        }
        anyhow::bail!(
            "`{}` (process {}) does not end",
            self.name,
            pid.as_raw_nonzero()
        )
    }
}

// === impl Identity ===

impl Identity {
    /// Who this process is, unless it has ended.
    fn of(pid: Pid) -> Option<Self> {
        let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
        let began = parse_stat(&fs::read_to_string(path).ok()?)?;
        Some(Self { pid, began })
    }

    fn render(self) -> String {
        format!("{} {}\n", self.pid.as_raw_nonzero(), self.began)
    }

    fn parse(text: &str) -> Option<Self> {
        let (pid, began) = text.trim().split_once(' ')?;
        Some(Self {
            pid: Pid::from_raw(pid.parse().ok()?)?,
            began: began.parse().ok()?,
        })
    }
}

/// When a process began, in ticks since the machine started; `None` for one that has ended and is
/// only not waited for.
fn parse_stat(text: &str) -> Option<u64> {
    // The program's name stands in parentheses and may hold anything.
    let (_, fields) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    if *fields.first()? == "Z" {
        return None;
    }
    // The 22nd field; the first two are before the parenthesis.
    fields.get(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Command {
        let mut command = Command::new("sleep");
        command.arg("600");
        command
    }

    fn places() -> (tempfile::TempDir, Places) {
        let directory = tempfile::tempdir().unwrap();
        let places = Places::at(directory.path());
        (directory, places)
    }

    #[test]
    fn what_was_started_is_found_again_and_ended() {
        let (_directory, places) = places();
        Daemon::new(&places, "sleeper").start(&sleeper()).unwrap();
        let again = Daemon::new(&places, "sleeper");
        let pid = again.running().unwrap();
        assert!(again.stop().unwrap());
        assert_eq!(Identity::of(pid), None);
        assert!(!again.stop().unwrap());
    }

    #[test]
    fn a_later_process_with_the_same_number_is_left_alone() {
        let (_directory, places) = places();
        let daemon = Daemon::new(&places, "other");
        let mut child = sleeper().spawn().unwrap();
        let identity = Identity::of(Pid::from_child(&child)).unwrap();
        let earlier = Identity {
            began: identity.began - 1,
            ..identity
        };
        fs::create_dir_all(daemon.record.parent().unwrap()).unwrap();
        fs::write(&daemon.record, earlier.render()).unwrap();
        assert_eq!(daemon.running(), None);
        assert!(!daemon.stop().unwrap());
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn the_beginning_is_read_behind_any_name() {
        let text = "42 (a ) b) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 8 9";
        assert_eq!(parse_stat(text), Some(777));
        assert_eq!(parse_stat(&text.replace(" S ", " Z ")), None);
    }
}
