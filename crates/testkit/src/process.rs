//! The processes of a sandbox, as the kernel knows them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// A process that belongs to a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Program and arguments.
    pub command: Vec<String>,
    /// What it is there for.
    pub purpose: Purpose,
}

/// What a process is there for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// It routes requests.
    Proxy,
    /// It looks after an instance whose directory this is.
    Supervisor(String),
    /// It is an instance of a deployment.
    Instance {
        /// Such as `d12`.
        deployment: String,
        /// Such as `web-1`.
        name: String,
    },
    /// Something else: a command, a build step, git.
    Other,
}

/// Kills a process, which it cannot see coming.
///
/// # Panics
/// When there is none of that number.
pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Sends a process SIGHUP.
///
/// # Panics
/// When there is none of that number.
pub fn hang_up(pid: u32) {
    signal(pid, Signal::HUP);
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("it is a pid"), signal).expect("it runs");
}

/// How much memory a process has, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

/// How much memory a process has; `None` when it has ended.
pub(crate) fn memory(pid: u32) -> Option<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes << 10)
    };
    Some(Memory {
        now: value("VmRSS:")?,
        peak: value("VmHWM:")?,
    })
}

/// The processes whose command line, environment or directory names the sandbox's directory.
pub(crate) fn below(root: &Path) -> Vec<Process> {
    let Ok(all) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    all.flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| read(pid, root))
        .collect()
}

fn read(pid: u32, root: &Path) -> Option<Process> {
    let proc = Path::new("/proc").join(pid.to_string());
    let command = words(&fs::read(proc.join("cmdline")).ok()?);
    let environment = words(&fs::read(proc.join("environ")).ok()?);
    let directory = fs::read_link(proc.join("cwd")).ok()?;
    let text = root.to_str()?;
    let names = |words: &[String]| words.iter().any(|word| word.contains(text));
    // A process that is only being made shares the command line of its maker, and a dead one has
    // none.
    let is_ours = names(&command) || names(&environment) || directory.starts_with(root);
    (is_ours && !command.is_empty()).then(|| Process {
        pid,
        purpose: Purpose::of(&command, &environment),
        command,
    })
}

fn words(bytes: &[u8]) -> Vec<String> {
    bytes
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

// === impl Purpose ===

impl Purpose {
    fn of(command: &[String], environment: &[String]) -> Self {
        let variables: BTreeMap<&str, &str> = environment
            .iter()
            .filter_map(|one| one.split_once('='))
            .collect();
        let word = |index: usize| command.get(index).map_or("", String::as_str);
        if word(1) == "supervise" {
            return Self::Supervisor(command.last().cloned().unwrap_or_default());
        }
        if word(1) == "proxy" && (word(2).is_empty() || word(2) == "--proxy-dir") {
            return Self::Proxy;
        }
        match (
            variables.get("SHIPWAY_DEPLOYMENT"),
            variables.get("SHIPWAY_INSTANCE"),
        ) {
            (Some(deployment), Some(name)) => Self::Instance {
                deployment: (*deployment).to_owned(),
                name: (*name).to_owned(),
            },
            _ => Self::Other,
        }
    }
}
