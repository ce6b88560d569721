//! The container engine: found, started, ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::answer::wait_for;
use super::daemon::Daemon;
use super::places::Places;
use super::{bounded, system, tools};

/// Its first start makes its directories and its network.
const STARTING: Duration = Duration::from_secs(60);
const ASKING: Duration = Duration::from_secs(10);

/// Where plugins of Docker's command line are looked for, whoever built it.
const PLUGINS: &str = "/usr/local/lib/docker/cli-plugins";

/// What there is of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Engine {
    Answers { version: String },
    Stopped,
    Missing,
}

/// What has to be done until it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Leave,
    Start,
}

pub(super) fn observe() -> Engine {
    classify(ask(), system::find(system::ENGINE.program).is_some())
}

pub(super) fn answers() -> bool {
    ask().is_some()
}

/// Makes an engine answer, with Compose v2 and buildx below `docker`. What answers already is left
/// alone.
pub(super) fn provide(places: &Places) -> Result<()> {
    match decide(&observe(), system::is_root())? {
        Action::Leave => {}
        Action::Start => start(places)?,
    }
    provide_plugins(places)
}

/// Ends the engine if it is ours.
pub(super) fn stop(places: &Places) -> Result<bool> {
    daemon(places).stop()
}

/// The process, where the engine is ours.
pub(super) fn is_ours(places: &Places) -> bool {
    daemon(places).running().is_some()
}

fn classify(version: Option<String>, is_installed: bool) -> Engine {
    match version {
        Some(version) => Engine::Answers { version },
        None if is_installed => Engine::Stopped,
        None => Engine::Missing,
    }
}

fn decide(engine: &Engine, is_root: bool) -> Result<Action> {
    match engine {
        Engine::Answers { .. } => Ok(Action::Leave),
        Engine::Stopped if is_root => Ok(Action::Start),
        Engine::Stopped => bail!("no container engine answers, and only root can start one"),
        Engine::Missing => bail!("there is no container engine"),
    }
}

/// The engine's version, asked of its interface.
fn ask() -> Option<String> {
    let mut command = Command::new("docker");
    command.args(["version", "--format", "{{.Server.Version}}"]);
    bounded::capture(&mut command, ASKING)
        .ok()
        .filter(|version| !version.is_empty())
}

fn start(places: &Places) -> Result<()> {
    let daemon = daemon(places);
    if system::has_systemd() {
        println!("starting the engine as a service");
        let mut command = Command::new("systemctl");
        command.args(["start", "docker.service"]);
        return bounded::run(&mut command, STARTING, daemon.log());
    }
    println!("starting the engine; its log: {}", daemon.log().display());
    daemon.start(&dockerd()?)?;
    let version = wait_for("the engine", STARTING, ask, || daemon.running().is_some())
        .with_context(|| format!("the engine does not start: see {}", daemon.log().display()))?;
    println!("the engine answers: {version}");
    Ok(())
}

fn daemon(places: &Places) -> Daemon {
    Daemon::new(places, "dockerd")
}

/// The engine with its own defaults: what is tested is what users have.
fn dockerd() -> Result<Command> {
    let program = system::find(system::ENGINE.program).context("there is no `dockerd`")?;
    Ok(Command::new(program))
}

/// Puts our plugins where `docker` finds them, unless it has its own.
fn provide_plugins(places: &Places) -> Result<()> {
    for name in ["compose", "buildx"] {
        let mut command = Command::new("docker");
        command.args([name, "version"]);
        if bounded::capture(&mut command, ASKING).is_ok() {
            continue;
        }
        tools::provide(places)?;
        install_plugin(
            &places.plugin(&format!("docker-{name}")),
            Path::new(PLUGINS),
        )?;
        println!("`docker {name}` is installed");
    }
    Ok(())
}

fn install_plugin(source: &Path, folder: &Path) -> Result<PathBuf> {
    let name = source.file_name().context("a plugin has a name")?;
    let target = folder.join(name);
    // A link would end with the cache that it leads to.
    fs::create_dir_all(folder)
        .and_then(|()| fs::copy(source, &target))
        .with_context(|| format!("cannot install `{}`", target.display()))?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_is_left_alone_whoever_asks() {
        let engine = classify(Some("20.10.24".to_owned()), false);
        assert_eq!(decide(&engine, false).unwrap(), Action::Leave);
    }

    #[test]
    fn only_root_starts_one_and_only_where_there_is_one() {
        let (stopped, missing) = (classify(None, true), classify(None, false));
        assert_eq!(decide(&stopped, true).unwrap(), Action::Start);
        assert!(decide(&stopped, false).is_err());
        assert!(decide(&missing, true).is_err());
    }

    #[test]
    fn a_plugin_keeps_its_name_and_mode() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("docker-compose");
        fs::write(&source, "program").unwrap();
        fs::set_permissions(&source, fs::Permissions::from_mode(0o755)).unwrap();
        let target = install_plugin(&source, &directory.path().join("new/plugins")).unwrap();
        assert!(target.ends_with("new/plugins/docker-compose"));
        assert_eq!(
            target.metadata().unwrap().permissions().mode() & 0o777,
            0o755
        );
    }
}
