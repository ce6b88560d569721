//! `cargo xtask check-layers`: whether the workspace is built as docs/architecture.md says.

use anyhow::{Result, bail};
use clap::Args;

use crate::layers::{self, Finding};
use crate::workspace::Workspace;

/// Check that dependencies point down only, and what else can be seen of the house rules.
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(super) fn run(_: &Arguments) -> Result<()> {
    let workspace = Workspace::load()?;
    let findings = layers::check(&workspace)?;
    let mut errors = 0;
    for finding in &findings {
        match finding {
            Finding::Error(text) => {
                errors += 1;
                println!("error: {text}");
            }
            Finding::Warning(text) => println!("warning: {text}"),
        }
    }
    if errors > 0 {
        bail!("{errors} rules are broken");
    }
    println!(
        "{} crates keep to their layers",
        workspace.metadata().workspace_packages().len()
    );
    Ok(())
}
