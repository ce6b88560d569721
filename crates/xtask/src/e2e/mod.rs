//! The storefront in real containers: built, brought up, used, and taken down again.
//!
//! Each scenario is one of the storefront's environments, with the files that its users have.
//!
//! ```text
//! scenario ─┬─ project   docker compose, and what is left of it is removed
//!           └─ http      requests to a container's address
//! ```

mod development;
mod http;
mod project;
mod staging;
mod testing;
mod until;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// What all scenarios need.
struct Setting<'a> {
    /// The storefront's folder.
    storefront: &'a Path,
    /// Where the output of Compose goes.
    logs: &'a Path,
}

type Scenario = fn(&Setting<'_>) -> Result<()>;

const SCENARIOS: [(&str, Scenario); 3] = [
    ("staging", staging::run),
    ("testing", testing::run),
    ("development", development::run),
];

/// Runs all scenarios on the engine that answers.
pub(crate) fn run(workspace: &Workspace, logs: &Path) -> Result<()> {
    let storefront = workspace.storefront();
    let setting = Setting {
        storefront: &storefront,
        logs,
    };
    for (name, scenario) in SCENARIOS {
        let began = Instant::now();
        scenario(&setting).with_context(|| format!("the storefront's {name} in containers"))?;
        println!("{name} in containers: passed in {:.0?}", began.elapsed());
    }
    Ok(())
}
