//! `cargo xtask bench migrations`: two thousand migrations looked at, by us and by others.
//!
//! Each as a whole process on one core, everything it says thrown away: `shipway migrations check`
//! on Django's files and on the SQL of the same changes, `squawk` on that SQL, and
//! `django-migration-linter` on some of the apps. It asks Django for the SQL of each migration,
//! which takes longer the more there are: fewer are in its favour.

mod sample;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::Bench;
use crate::measure::{median, ratio};
use crate::venv::Venv;
use crate::workspace::Workspace;

const SECONDS: u64 = 60;
/// Enough for a median, however short the benchmark is.
const LEAST_ROUNDS: usize = 5;

const APPS: usize = 40;
/// As many as make its start small beside its work.
const APPS_OF_LINTER: usize = 6;

const GOAL_SECONDS: f64 = 0.2;
const GOAL_SQUAWK: f64 = 10.0;
const GOAL_LINTER: f64 = 500.0;

/// A program that looks at migrations.
struct Contender {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    directory: PathBuf,
    files: usize,
    seconds: Vec<f64>,
}

/// Where the peers are installed.
fn venv_directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("bench/migrations")
}

/// Installs the peers.
pub(super) fn install() -> Result<()> {
    let workspace = Workspace::load()?;
    let requirements = workspace
        .root()
        .join("crates/xtask/src/commands/bench/migrations");
    let directory = venv_directory(&workspace);
    Venv::prepare(&directory, &requirements, &["requirements.txt"]).map(drop)
}

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    let workspace = Workspace::load()?;
    let directory = bench.directory.join("migrations");
    sample::write(&directory.join("all"), APPS)?;
    sample::write(&directory.join("some"), APPS_OF_LINTER)?;
    let mut all = contenders(bench.program, &venv_directory(&workspace), &directory);
    println!("\n== migrations: whole processes on one core, medians of interleaved rounds ==");
    if all.len() < 4 {
        println!("`--install` installs squawk and django-migration-linter to compare with");
    }
    let end = Instant::now() + Duration::from_secs(bench.seconds.unwrap_or(SECONDS));
    on_one_core(|| {
        while all[0].seconds.len() < LEAST_ROUNDS || Instant::now() < end {
            for contender in &mut all {
                contender.measure()?;
            }
        }
        Ok(())
    })?;
    for contender in &all {
        println!(
            "{:<38}{:>6} files{:>9.3} s{:>10.4} ms a file",
            contender.name,
            contender.files,
            contender.median(),
            contender.per_file()
        );
    }
    println!("{} rounds", all[0].seconds.len());
    tell_goals(&all);
    Ok(())
}

/// Ours on both forms, and the peers that are installed.
fn contenders(program: &Path, peers: &Path, directory: &Path) -> Vec<Contender> {
    let files = APPS * sample::PER_APP;
    let [squawk, python] = ["squawk", "python"].map(|name| peers.join("bin").join(name));
    let ours = ["migrations", "check", "--all"];
    let mut all = vec![
        Contender::new("shipway migrations check, Django", program, &ours, files)
            .at(directory.join("all/project")),
        Contender::new("shipway migrations check, SQL", program, &ours, files)
            .at(directory.join("all/sql")),
    ];
    if squawk.exists() {
        let mut contender = Contender::new("squawk, the same SQL", &squawk, &[], files)
            .at(directory.join("all/sql"));
        contender.arguments = scripts(&contender.directory);
        let words = ["manage.py", "lintmigrations", "--no-cache"];
        let some = APPS_OF_LINTER * sample::PER_APP;
        all.push(contender);
        all.push(
            Contender::new("django-migration-linter, Django", &python, &words, some)
                .at(directory.join("some/project")),
        );
    }
    all
}

fn scripts(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory.join("migrations"));
    let names = entries.into_iter().flatten().flatten();
    names
        .map(|entry| format!("migrations/{}", entry.file_name().to_string_lossy()))
        .collect()
}

fn tell_goals(all: &[Contender]) {
    let verdict = |is_met: bool| if is_met { "met" } else { "MISSED" };
    let took = all[0].median();
    println!(
        "goal: {} files in less than {GOAL_SECONDS} s: {} ({took:.3} s)",
        all[0].files,
        verdict(took < GOAL_SECONDS)
    );
    if let [django, sql, squawk, linter] = all {
        for (peer, ours, goal) in [(squawk, sql, GOAL_SQUAWK), (linter, django, GOAL_LINTER)] {
            let (their, our) = (peer.per_file(), ours.per_file());
            println!(
                "goal: {goal} times faster per file than {}: {} ({})",
                peer.name,
                verdict(their >= goal * our),
                ratio(their, our)
            );
        }
    }
}

// === impl Contender ===

impl Contender {
    fn new(name: &'static str, program: &Path, arguments: &[&str], files: usize) -> Self {
        Self {
            name,
            program: program.to_owned(),
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            directory: PathBuf::new(),
            files,
            seconds: Vec::new(),
        }
    }

    fn at(mut self, directory: PathBuf) -> Self {
        self.directory = directory;
        self
    }

    /// Runs it to its end. All of them find something, and say so by their exit code.
    fn measure(&mut self) -> Result<()> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.directory)
            .env_remove("SHIPWAY_STATE")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let began = Instant::now();
        let status = command
            .status()
            .with_context(|| format!("cannot run `{}`", self.program.display()))?;
        self.seconds.push(began.elapsed().as_secs_f64());
        match status.code() {
            Some(1 | 3) => Ok(()),
            _ => bail!("{} found nothing wrong, or failed: {status}", self.name),
        }
    }

    fn median(&self) -> f64 {
        median(self.seconds.iter().copied())
    }

    /// Milliseconds, its start included.
    fn per_file(&self) -> f64 {
        self.median() * 1000.0 / self.files as f64
    }
}

/// Runs on one core, and so does what it starts.
fn on_one_core(work: impl FnOnce() -> Result<()>) -> Result<()> {
    let before = sched_getaffinity(None)?;
    let first = (0..CpuSet::MAX_CPU).find(|&core| before.is_set(core));
    let mut one = CpuSet::new();
    one.set(first.context("there is no core to run on")?);
    sched_setaffinity(None, &one)?;
    let worked = work();
    sched_setaffinity(None, &before)?;
    worked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_on_one_core_has_one_and_all_are_back_afterwards() {
        let cores = || std::thread::available_parallelism().map_or(0, usize::from);
        let before = cores();
        on_one_core(|| {
            assert_eq!(cores(), 1);
            Ok(())
        })
        .unwrap();
        assert_eq!(cores(), before);
    }
}
