//! All parts together: what is there, what is set up, what is ended.

use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use super::engine::{self, Engine};
use super::images::{self, StandIns};
use super::places::Places;
use super::stand_in::Present;
use super::{registry, system, tools};

/// Sets up everything; what is there already is left alone.
pub(crate) fn provide(places: &Places, workspace: &Path, mode: StandIns) -> Result<()> {
    let began = Instant::now();
    engine::provide(places).context("cannot provide an engine")?;
    // The registry and the client tools wait for nothing that the images need.
    thread::scope(|scope| {
        let others = scope.spawn(|| provide_others(places));
        let images = images::provide(places, workspace, mode).context("cannot provide images");
        let others = others.join().map_err(|_| anyhow!("a thread panicked"))?;
        images.and(others)
    })?;
    println!("provisioned in {:.1?}", began.elapsed());
    Ok(())
}

/// Ends what was started here, and nothing else.
pub(crate) fn stop(places: &Places) -> Result<()> {
    for (name, was_running) in [
        ("the registry", registry::stop(places)?),
        ("the engine", engine::stop(places)?),
    ] {
        if was_running {
            println!("{name} has ended");
        } else {
            println!("{name} was not started here");
        }
    }
    Ok(())
}

/// Tells what there is, one line for each thing.
pub(crate) fn describe(places: &Places, workspace: &Path) -> Result<String> {
    let mut lines = vec![
        ("directory", places.root().display().to_string()),
        ("engine", describe_engine(places)),
        (
            "compose",
            tools::find_compose(places).map_or_else(missing, |path| {
                let version = tools::version(&path).unwrap_or_default();
                format!("{version}, {}", path.display())
            }),
        ),
        (
            "registry",
            registry::running(places)
                .map_or_else(|| "not running".to_owned(), |address| address.to_string()),
        ),
        (
            "pg_dump",
            system::find(system::POSTGRES_CLIENT.program)
                .map_or_else(missing, |path| path.display().to_string()),
        ),
    ];
    for (image, present) in images::observe(workspace)? {
        lines.push((image.image, name(present).to_owned()));
    }
    Ok(lines
        .iter()
        .map(|(key, value)| format!("{key:<24}{value}\n"))
        .collect())
}

fn provide_others(places: &Places) -> Result<()> {
    registry::provide(places).context("cannot provide a registry")?;
    system::provide(places, &[system::POSTGRES_CLIENT])
        .context("cannot provide PostgreSQL's client tools")
}

fn describe_engine(places: &Places) -> String {
    match engine::observe() {
        Engine::Answers { version } if engine::is_ours(places) => {
            format!("{version}, started here")
        }
        Engine::Answers { version } => version,
        Engine::Stopped => "installed, not running".to_owned(),
        Engine::Missing => missing(),
    }
}

fn missing() -> String {
    "missing".to_owned()
}

fn name(present: Present) -> &'static str {
    match present {
        Present::Nothing => "missing",
        Present::Upstream => "not ours",
        Present::Current => "stand-in",
        Present::Stale => "stand-in, of other sources than ours",
    }
}
