//! `cargo xtask bench compose`: the loader against `docker compose config`.
//!
//! Both as whole processes on the same files, `shipway config` and the Compose plugin itself, which
//! is faster than `docker compose`; and the loader alone, in this process.

mod sample;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::pipe::fcntl_setpipe_size;
use shipway_compose::{Files, Loaded, Request, SourceFile, dotenv, load};

use super::super::test::compose::prepare_compose;
use super::Bench;
use crate::measure::{median, ratio};
use crate::workspace::Workspace;

const SECONDS: u64 = 10;
/// Enough for a median, however short the benchmark is.
const LEAST_ROUNDS: usize = 5;
/// Far less than any answer, so that who prints one waits for us to read.
const PIPE: usize = 4096;

/// What loading must keep to: the two speeds by itself, memory as a whole process.
const GOAL_RATIO: f64 = 30.0;
const GOAL_MILLISECONDS: f64 = 10.0;
const GOAL_MEBIBYTES: f64 = 20.0;

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    let workspace = Workspace::load()?;
    let Some(compose) = prepare_compose(workspace.root())? else {
        println!("\n== compose: there is no Docker Compose to compare with ==");
        return Ok(());
    };
    let directory = bench.directory.join("compose");
    sample::write(&directory)?;
    let ours = || {
        let mut command = Command::new(bench.program);
        command.args(["config", "production"]);
        command
    };
    let theirs = || {
        let mut command = Command::new(&compose);
        command
            .args(sample::FILES.iter().flat_map(|file| ["-f", file]))
            .arg("config");
        command
    };
    check(&load_sample(&directory)?)?;
    println!(
        "\n== compose: {} services in {} files, medians of interleaved rounds ==",
        sample::SERVICES,
        sample::FILES.len()
    );
    let (mut alone, mut process, mut plugin) = (Vec::new(), Vec::new(), Vec::new());
    let end = Instant::now() + Duration::from_secs(bench.seconds.unwrap_or(SECONDS));
    while alone.len() < LEAST_ROUNDS || Instant::now() < end {
        alone.push(timed(|| load_sample(&directory).map(drop))?);
        process.push(timed(|| finish(&mut ours(), &directory))?);
        plugin.push(timed(|| finish(&mut theirs(), &directory))?);
    }
    let rounds = alone.len();
    let [alone, process, plugin] = [alone, process, plugin].map(median);
    let (our_peak, their_peak) = (peak(ours(), &directory)?, peak(theirs(), &directory)?);
    println!("{:<34}{alone:>8.2} ms", "the loader alone");
    println!(
        "{:<34}{process:>8.2} ms{our_peak:>8.1} MiB",
        "shipway config"
    );
    println!(
        "{:<34}{plugin:>8.2} ms{their_peak:>8.1} MiB",
        "docker compose config"
    );
    println!(
        "docker compose config / loader: {}; / shipway config: {} ({rounds} rounds)",
        ratio(plugin, alone),
        ratio(plugin, process),
    );
    let verdict = |met: bool| if met { "met" } else { "MISSED" };
    println!(
        "goals: {GOAL_RATIO} times faster {}; {GOAL_MILLISECONDS} ms {}; {GOAL_MEBIBYTES} MiB {}",
        verdict(plugin >= GOAL_RATIO * alone),
        verdict(alone <= GOAL_MILLISECONDS),
        verdict(our_peak <= GOAL_MEBIBYTES)
    );
    Ok(())
}

/// Milliseconds that something takes.
fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}

/// Runs a command in the project to its end.
fn finish(command: &mut Command, directory: &Path) -> Result<()> {
    let output = prepare(command, directory).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?} ended with {}: {said}", output.status);
    }
    Ok(())
}

fn prepare<'c>(command: &'c mut Command, directory: &Path) -> &'c mut Command {
    command
        .current_dir(directory)
        .env("TAG", "1.10")
        .env_remove("SHIPWAY_STATE")
        .stdin(Stdio::null())
}

/// The most memory that a command has had when it begins to print its answer, in MiB.
fn peak(mut command: Command, directory: &Path) -> Result<f64> {
    let (mut reader, writer) = io::pipe()?;
    fcntl_setpipe_size(&writer, PIPE).context("cannot shorten a pipe")?;
    let mut child = prepare(&mut command, directory)
        .stdout(writer)
        .stderr(Stdio::null())
        .spawn()?;
    // The command holds the other end now: without it reading would never end.
    drop(command);
    let mut first = [0];
    reader.read_exact(&mut first).context("it prints nothing")?;
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    io::copy(&mut reader, &mut io::sink())?;
    ensure!(child.wait()?.success(), "it fails");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    let kibibytes: f64 = kibibytes
        .and_then(|number| number.trim().parse().ok())
        .context("it ended before it could be looked at")?;
    Ok(kibibytes / 1024.0)
}

/// Everything that loading needs: reading the files, and the variables.
fn load_sample(directory: &Path) -> Result<Loaded> {
    let root = directory.to_str().context("the path is no text")?;
    let files: Vec<SourceFile> = sample::FILES
        .iter()
        .map(|name| {
            let text = fs::read_to_string(directory.join(name))?;
            let name = format!("{root}/{name}");
            Ok(SourceFile { name, text })
        })
        .collect::<Result<_>>()?;
    let text = fs::read_to_string(directory.join(".env"))?;
    let variables = dotenv::parse(&text, 0, &|_| None).map_err(|it| anyhow::anyhow!(it.message))?;
    let lookup = |name: &str| match name {
        "TAG" => Some("1.10".to_owned()),
        name => variables.get(name).cloned(),
    };
    let request = Request::new(&files, root).with_variables(&lookup);
    Ok(load(&request, &mut OnDisk)?)
}

fn check(loaded: &Loaded) -> Result<()> {
    let count = loaded.project.services.len();
    ensure!(count == sample::SERVICES, "{count} services are loaded");
    let overlaid = loaded.project.services.values().all(|it| it.replicas == 3);
    ensure!(overlaid, "an overlay is not over the base");
    Ok(())
}

struct OnDisk;

impl Files for OnDisk {
    fn read(&mut self, path: &str) -> io::Result<String> {
        fs::read_to_string(PathBuf::from(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_a_project_of_sixty_services() {
        let directory = tempfile::tempdir().unwrap();
        sample::write(directory.path()).unwrap();
        let loaded = load_sample(directory.path()).unwrap();
        check(&loaded).unwrap();
        let web = &loaded.project.services["service-7"];
        assert_eq!(
            web.image.as_deref(),
            Some("registry.example/shop/service-7:1.10")
        );
        assert_eq!(web.environment["LOG_LEVEL"].as_deref(), Some("warning"));
        assert_eq!(web.environment["COMMON_3"].as_deref(), Some("3"));
    }
}
