//! All images that the storefront needs: pulled where that is possible, built here where not.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;

use super::base::Base;
use super::bounded;
use super::places::Places;
use super::stand_in::{self, ALL, Present, StandIn};

/// A registry that can be reached answers this in a second.
const PROBING: Duration = Duration::from_secs(15);
const PULLING: Duration = Duration::from_secs(600);

/// Builds wait for the network as often as for the processor.
const SIDE_BY_SIDE: usize = 3;

/// When stand-ins are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum StandIns {
    /// Where the upstream images cannot be pulled
    #[default]
    Auto,
    /// In any case, except in place of an image that was pulled
    Always,
    /// Not at all
    Never,
}

/// How a missing image is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Pull,
    Build,
}

/// Makes the engine have every image.
pub(super) fn provide(places: &Places, workspace: &Path, mode: StandIns) -> Result<()> {
    let missing = missing(workspace, mode)?;
    let Some(first) = missing.first() else {
        return Ok(());
    };
    let way = decide(mode, || can_be_pulled(first.image));
    match way {
        Way::Pull => pull(places, &missing),
        Way::Build => build(places, workspace, &missing),
    }
}

/// What there is of each image.
pub(crate) fn observe(workspace: &Path) -> Result<Vec<(StandIn, Present)>> {
    // Where no stand-in can be built, there is none to compare with.
    let base = Base::of_this_machine().map_or_else(|_| String::new(), |base| base.image());
    let sources = stand_in::sources(workspace);
    ALL.iter()
        .map(|image| Ok((*image, image.observe(&image.digest(&sources, &base)?))))
        .collect()
}

fn missing(workspace: &Path, mode: StandIns) -> Result<Vec<StandIn>> {
    let observed = observe(workspace)?;
    let is_missing = |present| match present {
        Present::Nothing => true,
        // An old stand-in is better than a failing pull.
        Present::Stale => mode != StandIns::Never,
        Present::Current | Present::Upstream => false,
    };
    Ok(observed
        .into_iter()
        .filter(|(_, present)| is_missing(*present))
        .map(|(image, _)| image)
        .collect())
}

fn decide(mode: StandIns, can_be_pulled: impl FnOnce() -> bool) -> Way {
    match mode {
        StandIns::Always => Way::Build,
        StandIns::Never => Way::Pull,
        StandIns::Auto if can_be_pulled() => Way::Pull,
        StandIns::Auto => Way::Build,
    }
}

/// Whether the registry tells of an image, which takes less than to pull it.
fn can_be_pulled(image: &str) -> bool {
    let mut command = Command::new("docker");
    command.args(["manifest", "inspect", image]);
    match bounded::capture(&mut command, PROBING) {
        Ok(_) => true,
        Err(error) => {
            println!("no image can be pulled: {error:#}");
            false
        }
    }
}

fn pull(places: &Places, images: &[StandIn]) -> Result<()> {
    for image in images {
        println!("pulling {}", image.image);
        let mut command = Command::new("docker");
        command.args(["pull", "--quiet", image.image]);
        bounded::run(&mut command, PULLING, &places.log("pull"))
            .with_context(|| format!("cannot pull `{}`", image.image))?;
    }
    Ok(())
}

fn build(places: &Places, workspace: &Path, images: &[StandIn]) -> Result<()> {
    let base = Base::of_this_machine()?.provide(places)?;
    let sources = stand_in::sources(workspace);
    let waiting = Mutex::new(images.iter());
    let failures = Mutex::new(Vec::new());
    let work = || {
        loop {
            let next = waiting.lock().map(|mut images| images.next());
            let Ok(Some(image)) = next else { return };
            let began = Instant::now();
            match image.build(places, &sources, &base) {
                Ok(()) => println!(
                    "built a stand-in for {} in {:.0?}",
                    image.image,
                    began.elapsed()
                ),
                Err(error) => {
                    let error = format!("`{}`: {error:#}", image.image);
                    if let Ok(mut failures) = failures.lock() {
                        failures.push(error);
                    }
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(work);
        }
    });
    let failures = failures
        .into_inner()
        .map_err(|_| anyhow!("a builder panicked"))?;
    if !failures.is_empty() {
        bail!("cannot build stand-ins: {}", failures.join("\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_built_only_where_nothing_can_be_pulled() {
        assert_eq!(decide(StandIns::Auto, || true), Way::Pull);
        assert_eq!(decide(StandIns::Auto, || false), Way::Build);
        assert_eq!(decide(StandIns::Always, || true), Way::Build);
        assert_eq!(decide(StandIns::Never, || false), Way::Pull);
    }
}
