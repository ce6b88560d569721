//! `shipway trigger`.

use std::io::BufRead as _;
use std::path::PathBuf;
use std::process::ExitCode;

use shipway_engine::clock::now;
use shipway_engine::git::{Folder, Repository};
use shipway_engine::trigger;
use shipway_pipeline::push::{CommitId, Push, Reference};
use shipway_pipeline::request::Request;
use shipway_pipeline::trigger::{Decision, decide};

use crate::arguments::Global;
use crate::context::{self, Context};
use crate::deploying::Flags;
use crate::error::{CliError, Result};
use crate::render::Output;
use crate::{carrying, exit, following, leaving, turn};

/// Do what a push to a branch does: deploy it where its branch is taken
///
/// The daemon carries the requests out where one runs, and this command tells what happens;
/// otherwise it carries them out itself, one after the other, each when it has its turn: of the
/// pushes that wait for an environment only the newest counts. Exits as `deploy` does, with the
/// first code that is not 0.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The full name of what was pushed, such as refs/heads/main
    #[arg(
        long = "ref",
        value_name = "REFERENCE",
        requires = "new",
        conflicts_with = "stdin"
    )]
    reference: Option<Reference>,
    /// Its commit before
    #[arg(long, value_name = "COMMIT", requires = "reference")]
    old: Option<String>,
    /// Its commit now; zeros for a branch that was deleted
    #[arg(long, value_name = "COMMIT", requires = "reference")]
    new: Option<String>,
    /// Read lines `OLD NEW REFERENCE` as git's post-receive hook gets them
    #[arg(long)]
    stdin: bool,
    /// Fetch what was pushed from this repository first
    #[arg(long, value_name = "DIR")]
    pushed_to: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let pushes = read(arguments)?;
    if let Some(from) = &arguments.pushed_to {
        let project = context::project(global)?;
        let repository = Repository::find(&project.directory)?;
        for push in &pushes {
            take_over(&repository, from, push)?;
        }
    }
    // Opened now: what was pushed may have changed shipway.yml.
    let (context, _events) = Context::open(global)?;
    let mut requests = Vec::new();
    for push in pushes {
        requests.extend(request(&context, push)?);
    }
    let daemon = shipway_server::is_served(context.engine.store.directory())?;
    let mut code = ExitCode::SUCCESS;
    let mut is_good = true;
    for request in requests {
        anstream::eprintln!(
            "{}: {} as {}",
            request.environment,
            request.want,
            request.id
        );
        let ended = if daemon {
            following::follow(&context, request.id, arguments.output.form()).await
        } else {
            carry_out(global, &request, arguments.output).await
        };
        let ended = ended.unwrap_or_else(|error| crate::error::report(&error));
        if is_good && ended != ExitCode::from(exit::OK) {
            (code, is_good) = (ended, false);
        }
    }
    if !daemon {
        leaving::take_up(global, arguments.output).await?;
    }
    Ok(code)
}

async fn carry_out(global: &Global, request: &Request, output: Output) -> Result {
    let (mut context, events) = Context::open(global)?;
    if let Some(passed) = turn::wait(&context.engine.store, request.id).await? {
        anstream::eprintln!("{}: {} {}", passed.environment, passed.id, passed.state);
        return Ok(ExitCode::from(following::code(&passed)));
    }
    context.engine.actor.clone_from(&request.by);
    let flags = Flags::unattended(output, &request.environment);
    carrying::carry_out(&context, request.id, &flags, events).await
}

fn read(arguments: &Arguments) -> Result<Vec<Push>> {
    if let Some(reference) = &arguments.reference {
        let zeros = "0".repeat(40);
        let old = arguments.old.as_deref().unwrap_or(&zeros);
        let new = arguments.new.as_deref().unwrap_or(&zeros);
        return Ok(vec![push(old, new, reference.clone())?]);
    }
    if !arguments.stdin {
        return Err(
            CliError::usage("nothing says what was pushed").hint("give `--ref` or `--stdin`")
        );
    }
    let mut pushes = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let [old, new, reference] = words[..] else {
            return Err(CliError::usage("a line is not `OLD NEW REFERENCE`"));
        };
        match reference.parse() {
            Ok(reference) => pushes.push(push(old, new, reference)?),
            // Others of the same push are not to suffer for it.
            Err(error) => anstream::eprintln!("{error}"),
        }
    }
    Ok(pushes)
}

fn push(old: &str, new: &str, reference: Reference) -> Result<Push> {
    Ok(Push {
        repository: None,
        reference,
        old: CommitId::of_hook(old).map_err(CliError::usage)?,
        new: CommitId::of_hook(new).map_err(CliError::usage)?,
        by: context::actor(),
    })
}

/// Gets what was pushed into the project's repository.
fn take_over(repository: &Repository, from: &std::path::Path, push: &Push) -> Result<()> {
    let Some(commit) = &push.new else {
        return Ok(());
    };
    match repository.take_over(from, &push.reference, commit)? {
        Folder::Forwarded | Folder::OtherBranch => {}
        Folder::Changed => anstream::eprintln!(
            "`{}` has changes of its own: shipway.yml is taken as it stands there",
            repository.root.display()
        ),
        Folder::Diverged => anstream::eprintln!(
            "`{}` is at other commits: shipway.yml is taken as it stands there",
            repository.root.display()
        ),
    }
    Ok(())
}

fn request(context: &Context, push: Push) -> Result<Vec<Request>> {
    let store = &context.engine.store;
    let known = store.branch_environments()?;
    let decision = decide(&context.project.config, &known, &push);
    match &decision {
        Decision::Nothing(reason) => {
            anstream::eprintln!("{}: nothing to deploy: {reason}", push.reference);
            return Ok(Vec::new());
        }
        Decision::Deploy { refused, .. } => {
            for refusal in refused {
                anstream::eprintln!("{}: {refusal}", push.reference);
            }
        }
        Decision::Remove { .. } => {}
    }
    let now = now();
    let pushed = trigger::pushed(&decision, &push.by, now);
    let made = store.create_requests_once(&[], pushed, now)?;
    Ok(made.unwrap_or_default())
}
