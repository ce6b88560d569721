//! `cargo xtask generate`: reference pages and the schema, made from the program itself.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::camino::Utf8PathBuf;
use clap::Args;

use crate::binary::{NAME, Profile, build};
use crate::reference::{self, difference};
use crate::workspace::Workspace;

/// Write the reference pages that are made from the program itself.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Write nothing, and fail where a committed page is not what would be written
    #[arg(long)]
    pub(super) check: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let workspace = Workspace::load()?;
    let binary = build(&workspace, Profile::Dev)?;
    let pages = [
        (
            "docs/reference/diagnostics.md",
            reference::page(&shipway_compose::diagnostic::explain_all()),
        ),
        (
            "docs/reference/cli.md",
            reference::commands(&|words| say(&binary, &[words, &["--help".to_owned()]].concat()))?,
        ),
        (
            "docs/reference/exit-codes.md",
            reference::page(&say(&binary, &["explain", "exit-codes"])?),
        ),
        (
            "docs/reference/configuration.md",
            reference::configuration(),
        ),
        ("docs/reference/compose.md", reference::compose()),
        ("docs/reference/migration-rules.md", reference::migrations()),
        (
            "schema/shipway.schema.json",
            shipway_pipeline::config::schema_text(),
        ),
        (
            "schema/openapi.json",
            format!("{:#}\n", shipway_server::openapi()),
        ),
    ];
    let mut stale = Vec::new();
    for (name, wanted) in pages {
        let path = workspace.root().join(name);
        let present = fs::read_to_string(&path).unwrap_or_default();
        if present == wanted {
            println!("{name} is up to date");
        } else if arguments.check {
            println!("{name} is stale:\n{}", difference(&present, &wanted));
            stale.push(name);
        } else {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make the folder of `{name}`"))?;
            }
            fs::write(&path, wanted).with_context(|| format!("cannot write `{name}`"))?;
            println!("{name} is written");
        }
    }
    if !stale.is_empty() {
        bail!(
            "stale: {}; run `cargo xtask generate` and commit what it writes",
            stale.join(", ")
        );
    }
    Ok(())
}

/// What the program prints, the same on every machine.
fn say<W: AsRef<str>>(binary: &Utf8PathBuf, words: &[W]) -> Result<String> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let output = Command::new(binary)
        .args(&words)
        // Help tells the present values of variables that it knows.
        .env_clear()
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        // A terminal at any of the three streams would decide the width.
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{binary}`"))?;
    if !output.status.success() {
        bail!(
            "`{NAME} {}` ended with {}: {}",
            words.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
