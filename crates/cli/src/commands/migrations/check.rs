//! `shipway migrations check`.

use std::process::ExitCode;

use shipway_migrations::{Request, Settings, Severity, check, rule, rules};

use super::output::{self, Form};
use super::select::{self, Selection};
use crate::arguments::Global;
use crate::context;
use crate::error::{CliError, Result};
use crate::exit;

/// Check which migrations would break running code or lock a busy table
///
/// Reads Django's migrations and files of SQL for PostgreSQL, without Python and without a
/// database. In a git repository those are checked that the default branch does not have; with an
/// environment, those that its live release does not have. Ends with 3 if one is not safe.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// An environment, and files or folders to look in [default: the whole project]
    #[arg(value_name = "ENVIRONMENT|PATH")]
    targets: Vec<String>,
    /// Check those that this commit does not have
    #[arg(long, value_name = "COMMIT", conflicts_with = "all")]
    since: Option<String>,
    /// Check all migrations
    #[arg(long)]
    all: bool,
    /// Major version of the PostgreSQL server
    #[arg(long, value_name = "VERSION", default_value_t = Settings::default().postgres)]
    postgres: u32,
    /// How serious a rule is: `off`, `info`, `warning` or `error`
    #[arg(long = "rule", value_name = "RULE=SEVERITY", value_parser = severity)]
    rules: Vec<(String, Severity)>,
    /// Files of SQL run without a transaction around each
    #[arg(long)]
    sql_autocommit: bool,
    /// Whoever runs the migrations sets lock_timeout
    #[arg(long)]
    lock_timeout: bool,
    /// Tell each finding in full, and what is merely good to know as well
    #[arg(short, long)]
    verbose: bool,
    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    format: Form,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let start = context::start_directory(global)?;
    let (environment, paths) = targets(&arguments.targets, global);
    let selection = match environment {
        Some(name) if arguments.since.is_some() || arguments.all => {
            return Err(CliError::usage(format!(
                "`{name}` and `--since` or `--all` say different things"
            )));
        }
        Some(name) => select::of_environment(&start, &paths, &name, global).await?,
        None if arguments.all => Selection::all(&start, &paths)?,
        None => select::of_branch(&start, &paths, arguments.since.as_deref())?,
    };
    let settings = Settings {
        postgres: arguments.postgres,
        severities: arguments.rules.iter().cloned().collect(),
        sql_in_transaction: !arguments.sql_autocommit,
        has_lock_timeout: arguments.lock_timeout,
    };
    let running: Vec<_> = selection.running.iter().map(Vec::as_slice).collect();
    let report = check(&Request {
        files: &selection.files,
        settings: &settings,
        only: selection.only.as_ref(),
        edited: &selection.edited,
        running: &running,
    });
    let is_refused = output::print(&report, &selection, arguments.format, arguments.verbose)?;
    // The process ends here, and the system takes all of it back at once.
    std::mem::forget((report, selection));
    Ok(if is_refused {
        ExitCode::from(exit::REFUSED)
    } else {
        ExitCode::SUCCESS
    })
}

/// The environment, if the first word is one and no file, and the paths.
fn targets(words: &[String], global: &Global) -> (Option<String>, Vec<String>) {
    let first = words.first().filter(|word| {
        context::project(global).is_ok_and(|project| project.environment(word).is_ok())
    });
    match first {
        Some(name) => (Some(name.clone()), words[1..].to_vec()),
        None => (None, words.to_vec()),
    }
}

fn severity(text: &str) -> std::result::Result<(String, Severity), String> {
    let (id, word) = text
        .split_once('=')
        .ok_or("write it as `drop-column=warning`")?;
    let severity = Severity::from_word(word)
        .ok_or_else(|| format!("`{word}` is none of `off`, `info`, `warning` and `error`"))?;
    if rule(id).is_none() {
        let near = shipway_compose::diagnostic::nearest(id, rules().iter().map(|rule| rule.id));
        let hint = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        return Err(format!("there is no rule `{id}`{hint}"));
    }
    Ok((id.to_owned(), severity))
}
