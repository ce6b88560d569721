//! All parts together: what is there, what is set up, what is ended.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use super::engine::{self, Engine};
use super::images::{self, StandIns};
use super::places::Places;
use super::stand_in::Present;
use super::{base, registry, system, tools};

/// Sets up everything, and returns the registry's address; what is there already is left alone.
pub(crate) fn provide(places: &Places, workspace: &Path, mode: StandIns) -> Result<SocketAddr> {
    let began = Instant::now();
    let _lock = places.lock("engine")?;
    // All at once, because each call of the installer takes seconds of its own.
    let mut needs = system::NEEDS.to_vec();
    if mode != StandIns::Never && base::is_missing(places) {
        needs.push(system::BOOTSTRAP);
    }
    if !engine::answers() {
        needs.extend([system::ENGINE, system::COMMAND_LINE]);
    }
    system::provide(places, &needs)?;
    engine::provide(places).context("cannot provide an engine")?;
    let registry = registry::provide(places).context("cannot provide a registry")?;
    images::provide(places, workspace, mode).context("cannot provide images")?;
    println!("provisioned in {:.1?}", began.elapsed());
    Ok(registry)
}

/// Whether an engine answers, ours or another one.
pub(crate) fn has_engine() -> bool {
    engine::answers()
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
    ];
    for need in system::NEEDS {
        let found = system::find(need.program);
        let place = found.map_or_else(missing, |path| path.display().to_string());
        lines.push((need.program, place));
    }
    for (image, present) in images::observe(workspace)? {
        lines.push((image.image, name(present).to_owned()));
    }
    Ok(lines
        .iter()
        .map(|(key, value)| format!("{key:<24}{value}\n"))
        .collect())
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
