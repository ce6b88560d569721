//! `shipway report`.

mod evidence;
mod html;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::render;

/// Write down everything that is on record of a release: for auditors
///
/// Its commit and artifacts, what each gate said with its log, who asked for it, who approved it
/// and why, each deployment with its journal and outcome, and the lines of the audit trail. One
/// HTML page that needs nothing else, or one JSON document.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The release, such as `r1f3a9c2b4d5e`
    release: String,
    /// Where the page is written; `-` is standard output [default: RELEASE.html]
    #[arg(short, long, value_name = "FILE", conflicts_with = "json")]
    output: Option<PathBuf>,
    /// Print one JSON document to standard output instead
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let release = context.engine.release_by_name(&arguments.release)?;
    let evidence = evidence::collect(&context, release)?;
    if arguments.json {
        render::json(&evidence)?;
        return Ok(ExitCode::SUCCESS);
    }
    let page = html::page(&evidence);
    match &arguments.output {
        Some(path) if path.as_os_str() == "-" => anstream::print!("{page}"),
        path => {
            let named = || PathBuf::from(format!("{}.html", evidence.release.id));
            let path = path.clone().unwrap_or_else(named);
            std::fs::write(&path, page).map_err(|error| {
                CliError::new(
                    Kind::Failed,
                    format!("cannot write `{}`: {error}", path.display()),
                )
            })?;
            anstream::eprintln!("wrote {}", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
