//! `shipway init`.
//!
//! ```text
//! disk ─ Listing ─ recognise ─ Found ─ render ─ shipway.yml
//! ```
//!
//! Only the two ends touch anything.

mod applications;
mod disk;
mod django;
mod dockerfile;
mod found;
mod launch;
mod layout;
mod listing;
mod recognise;
mod render;
mod roles;
mod stage;
mod unknown;
mod variables;
mod web;

use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::ExitCode;

use shipway_engine::project::FILE;
use shipway_pipeline::config;

use crate::arguments::Global;
use crate::context::{keep_out_of_git, start_directory};
use crate::error::{CliError, Kind, Result};

use found::Found;
use recognise::{Refused, recognise};
use render::{SCHEMA, render};

/// Write a commented shipway.yml for the Compose files that are here
///
/// Looks for Compose files of each environment, files of variables and a Django project, here and
/// in folders such as deploy, docker and environments. Comments tell why it takes something for
/// what it does; what it could not know is listed at the end.
///
/// A shipway.yml that exists is left as it is. A copy of its JSON Schema goes to .shipway beside
/// it, which is not committed: run this again in a fresh clone to have editors find it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Print it to standard output rather than write it
    #[arg(long)]
    print: bool,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let directory = start_directory(global)?;
    let found = find(&directory)?;
    let text = render(&found);
    if arguments.print {
        anstream::print!("{text}");
        tell_unknown(&found);
        return Ok(ExitCode::SUCCESS);
    }
    write_schema(&directory)?;
    let path = directory.join(FILE);
    let created = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path);
    match created {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            anstream::eprintln!("wrote {}", path.display());
            tell_unknown(&found);
            anstream::eprintln!("next: read it, then `shipway validate`");
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            anstream::eprintln!("{} exists and was left as it is", path.display());
        }
        Err(error) => {
            return Err(CliError::new(
                Kind::Failed,
                format!("cannot write `{}`: {error}", path.display()),
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn find(directory: &Path) -> Result<Found> {
    let listing = disk::read(directory)?;
    recognise(&listing).map_err(|refused| match refused {
        Refused::NoCompose => CliError::new(
            Kind::Config,
            format!("there is no Compose file in `{}`", directory.display()),
        )
        .hint("write a docker-compose.yml with the application's services first"),
        Refused::Unreadable(error) => CliError::new(Kind::Config, format!("{error}\n")),
    })
}

fn tell_unknown(found: &Found) {
    anstream::eprintln!("what the files do not tell:");
    for unknown in &found.unknown {
        anstream::eprintln!("  - {unknown}");
    }
}

/// Puts the schema where the first line of `shipway.yml` says, kept out of git.
fn write_schema(directory: &Path) -> Result<()> {
    let path = directory.join(SCHEMA);
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        keep_out_of_git(folder)?;
    }
    std::fs::write(path, config::schema_text())?;
    Ok(())
}
