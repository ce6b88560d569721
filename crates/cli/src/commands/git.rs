//! `shipway git`.

use std::path::PathBuf;
use std::process::ExitCode;

use shipway_engine::git::{Repository, init};

use crate::arguments::Global;
use crate::context::{Context, proxy_directory};
use crate::error::{CliError, Result};

/// Serve the project by git: a push is deployed
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a bare repository whose pushes are deployed
    ///
    /// Whoever can push to it (by ssh, or on this machine) sees the pipeline's progress as they
    /// push. The project's repository fetches what was pushed, and its folder follows where the
    /// branch is checked out there and nothing was changed by hand. Safe to repeat.
    Init {
        /// Where [default: git/PROJECT.git in the state directory]
        directory: Option<PathBuf>,
    },
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let Action::Init { directory } = &arguments.action;
    let (context, _events) = Context::open(global)?;
    let project = &context.project;
    let state = std::path::absolute(context.engine.store.directory())?;
    let usual = || state.join(format!("git/{}.git", project.config.project));
    let directory = match directory {
        Some(directory) => std::path::absolute(directory)?,
        None => usual(),
    };
    let repository = Repository::find(&project.directory)?;
    let branch = repository.branch()?;
    let words = [
        std::env::current_exe()?,
        "--directory".into(),
        project.directory.clone(),
        "--state".into(),
        state,
        "--proxy-dir".into(),
        proxy_directory(global)?,
        "trigger".into(),
        "--stdin".into(),
        "--pushed-to".into(),
        directory.clone(),
    ];
    let words: Option<Vec<String>> = words
        .into_iter()
        .map(|word| word.into_os_string().into_string().ok())
        .collect();
    let words = words.ok_or_else(|| CliError::usage("a path here is no UTF-8 text"))?;
    if let Some(parent) = directory.parent() {
        std::fs::create_dir_all(parent)?;
    }
    init(&directory, branch.as_deref().unwrap_or("main"), &words)?;
    anstream::println!("{}", directory.display());
    anstream::eprintln!(
        "Pushes are deployed: git remote add deploy {}",
        directory.display()
    );
    Ok(ExitCode::SUCCESS)
}
