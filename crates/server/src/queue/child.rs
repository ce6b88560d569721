//! Children: `shipway carry-out` and `shipway backup run-due`, in process groups of their own, with
//! what they tell in files.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use shipway_engine::clock::now;
use shipway_engine::event::{Event, Kind};
use shipway_pipeline::id::RequestId;
use tokio::process::{Child, Command};

use crate::hook::Provider;
use crate::options::Carrier;

/// The exit codes of the command that say that nothing is wrong with it.
pub(crate) const OK: i32 = 0;
pub(super) const WAITING: i32 = 5;
pub(super) const LOCKED: i32 = 6;

/// Of what a child complained about, the end is enough for a record.
const LAST_WORDS: u64 = 2048;

/// What runs of requests told.
#[derive(Debug)]
pub(crate) struct Runs {
    directory: PathBuf,
}

/// What the process of a request tells, one JSON object a line.
pub fn events_of(state: &Path, id: RequestId) -> PathBuf {
    Runs::new(state).events(id)
}

// === impl Runs ===

impl Runs {
    /// Those in a state directory.
    pub(crate) fn new(state: &Path) -> Self {
        Self {
            directory: state.join("runs"),
        }
    }

    /// The events of a request, one JSON object a line.
    pub(crate) fn events(&self, id: RequestId) -> PathBuf {
        self.directory.join(format!("{id}.ndjson"))
    }

    pub(super) fn log(&self, id: RequestId) -> PathBuf {
        self.directory.join(format!("{id}.log"))
    }

    /// What was done about backups last, as a JSON document, and what was complained of.
    pub(crate) fn backups(&self) -> (PathBuf, PathBuf) {
        let path = |name| self.directory.join(name);
        (path("backups.json"), path("backups.log"))
    }

    /// Starts to carry a request out.
    pub(super) fn spawn(&self, carrier: &Carrier, id: RequestId) -> io::Result<Child> {
        let words = ["carry-out", &id.to_string(), "--events"];
        let events = self.append(&self.events(id))?;
        Self::spawn_into(carrier, &words, events, self.append(&self.log(id))?)
    }

    /// Starts to make and prove the backups that are due.
    pub(crate) fn spawn_backups(&self, carrier: &Carrier) -> io::Result<Child> {
        let words = ["backup", "run-due", "--json"];
        let (told, complained) = self.backups();
        let [told, complained] = [self.append(&told)?, self.append(&complained)?];
        // Of the last time it is known by now.
        told.set_len(0)?;
        complained.set_len(0)?;
        Self::spawn_into(carrier, &words, told, complained)
    }

    /// Starts a child that outlives the daemon; its terminal's signals are none of its business.
    fn spawn_into(
        carrier: &Carrier,
        words: &[&str],
        output: File,
        errors: File,
    ) -> io::Result<Child> {
        let mut command = Command::new(&carrier.program);
        command
            .args(&carrier.arguments)
            .args(words)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0);
        // What is the daemon's alone: gates and builds must not see it.
        let own = [
            "NOTIFY_SOCKET",
            "LISTEN_FDS",
            "LISTEN_PID",
            "LISTEN_FDNAMES",
        ];
        for name in own.into_iter().chain(Provider::ALL.map(Provider::variable)) {
            command.env_remove(name);
        }
        command.spawn()
    }

    /// Adds a line of our own to a request's events.
    pub(super) fn tell(&self, id: RequestId, text: &str) -> io::Result<()> {
        let mut file = self.append(&self.events(id))?;
        let event = Event {
            at: now(),
            kind: Kind::Warning {
                text: text.to_owned(),
            },
        };
        // Whoever was killed in the middle of a line left it without its end.
        let mut line = vec![b'\n'];
        line.extend(serde_json::to_vec(&event)?);
        line.push(b'\n');
        file.write_all(&line)
    }

    fn append(&self, path: &Path) -> io::Result<File> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
    }
}

/// What a child said last that ended with this code.
pub(crate) fn last_words(log: &Path, code: i32) -> String {
    let text = tail(log).unwrap_or_default();
    let line = text.lines().rfind(|line| line.contains("error:"));
    let line = line
        .or_else(|| text.lines().next_back())
        .unwrap_or_default();
    format!("its process ended with exit code {code}: {}", line.trim())
}

fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
