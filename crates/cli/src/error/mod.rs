//! One error type for all commands: a kind gives the exit code, a hint the way out.

mod data;
mod refusal;

use std::fmt;
use std::process::ExitCode;

use owo_colors::OwoColorize;
use shipway_engine::ExecutorError;
use shipway_engine::deploy::DeployError;
use shipway_engine::git::{GitError, ServedError};
use shipway_engine::project::ProjectError;
use shipway_engine::prune::PruneError;
use shipway_engine::release::ReleaseError;
use shipway_engine::status::StatusError;
use shipway_store::TakeError;

use data::{backup, secret};
use refusal::{adoption, renewal};

use crate::commands::migrations;
use crate::exit;
use crate::render::findings;

/// What went wrong with a command.
#[derive(Debug)]
pub(crate) struct CliError {
    kind: Kind,
    message: String,
    details: Vec<String>,
    /// Told as it is, after the message.
    text: Option<String>,
    hint: Option<String>,
}

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line.
    Usage,
    /// A user's file.
    Config,
    /// The pipeline's rules.
    NotAllowed,
    /// A gate.
    Refused,
    /// People who have not consented, or never will.
    Waiting,
    /// Somebody else has the environment.
    Locked,
    /// Something else.
    Failed,
    /// The user.
    Interrupted,
}

pub(crate) type Result<T = ExitCode> = std::result::Result<T, CliError>;

// === impl CliError ===

impl CliError {
    pub(crate) fn new(kind: Kind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            details: Vec::new(),
            text: None,
            hint: None,
        }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// From an error and its causes.
    pub(crate) fn of(kind: Kind, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::new(kind, message)
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Text that is told as it is, after the message.
    #[must_use]
    pub(crate) fn with_text(mut self, text: String) -> Self {
        self.text = Some(text);
        self
    }

    /// What went wrong, in a line.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    fn details(mut self, lines: Vec<String>) -> Self {
        self.details = lines;
        self
    }

    fn code(&self) -> u8 {
        match self.kind {
            Kind::Usage | Kind::Config => exit::USAGE,
            Kind::NotAllowed => exit::NOT_ALLOWED,
            Kind::Refused => exit::REFUSED,
            Kind::Waiting => exit::WAITING,
            Kind::Locked => exit::LOCKED,
            Kind::Failed => exit::FAILED,
            Kind::Interrupted => exit::INTERRUPTED,
        }
    }
}

/// Tells the user, and gives the exit code.
pub(crate) fn report(error: &CliError) -> ExitCode {
    if error.kind == Kind::Config && error.message.contains("\n") {
        // Rendered with its own heading, place and help.
        anstream::eprintln!("{}", error.message);
    } else {
        anstream::eprintln!("{} {}", "error:".red().bold(), error.message);
    }
    if let Some(text) = &error.text {
        anstream::eprintln!("{text}");
    }
    for line in &error.details {
        anstream::eprintln!("  {} {line}", "|".dimmed());
    }
    if let Some(hint) = &error.hint {
        anstream::eprintln!("{} {hint}", "hint:".cyan().bold());
    }
    ExitCode::from(error.code())
}

// === From ===

impl From<ProjectError> for CliError {
    fn from(error: ProjectError) -> Self {
        match &error {
            ProjectError::NoProject(_) => {
                Self::of(Kind::Config, &error).hint("`shipway init` writes one")
            }
            ProjectError::NoEnvironment { name, known } => {
                let near =
                    shipway_compose::diagnostic::nearest(name, known.iter().map(String::as_str));
                let hint = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the environments are {}", known.join(", ")),
                };
                Self::of(Kind::Usage, &error).hint(hint)
            }
            ProjectError::NoFile(_) => Self::of(Kind::Config, &error)
                .hint("shipway.yml names it under `compose:` or `env_files:` of the environment"),
            ProjectError::Invalid(invalid) => {
                let text = invalid.render(findings::color());
                Self::new(Kind::Config, format!("{}\n", text.trim_end()))
            }
            ProjectError::Git(error) => git(error),
            ProjectError::Read { .. } => Self::of(Kind::Failed, &error),
        }
    }
}

pub(crate) fn git(error: &GitError) -> CliError {
    let told = CliError::of(Kind::Failed, error);
    match error {
        GitError::NoRepository(_) => {
            told.hint("a release is made from a commit: run `git init` and commit the project")
        }
        GitError::NoCommit(_) => CliError::of(Kind::Usage, error)
            .hint("name a commit, a branch or a tag: `git log --oneline` shows commits"),
        GitError::NoFile { .. } => CliError::of(Kind::Config, error)
            .hint("commit the file, or deploy a commit that has it"),
        GitError::Unreadable(_) => told,
        GitError::Run(_) => told.hint("install git"),
    }
}

impl From<ServedError> for CliError {
    fn from(error: ServedError) -> Self {
        let told = Self::of(Kind::Failed, &error);
        match error {
            ServedError::Other(_) => told.hint("name another directory: `shipway git init DIR`"),
            ServedError::Hook(_) => {
                told.hint("move it away, and call `shipway trigger` from yours")
            }
            ServedError::File { .. } | ServedError::Git { .. } => told,
        }
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        git(&error)
    }
}

impl From<ReleaseError> for CliError {
    fn from(error: ReleaseError) -> Self {
        let mut told = Self::of(Kind::Failed, &error);
        if let ReleaseError::Build(error) = &error {
            told.hint = error.way_out();
        }
        match error {
            ReleaseError::Build(shipway_runtime::Error::Build { last_lines, .. }) => {
                told.details(last_lines)
            }
            ReleaseError::Git(error) => git(&error),
            ReleaseError::Unknown(_) => Self {
                kind: Kind::Usage,
                ..told
            }
            .hint("`shipway releases` shows them"),
            ReleaseError::Build(_) | ReleaseError::Store(_) => told,
        }
    }
}

impl From<DeployError> for CliError {
    fn from(error: DeployError) -> Self {
        let told = |kind| Self::of(kind, &error);
        match &error {
            DeployError::Lease(TakeError::Held { environment, .. }) => told(Kind::Locked).hint(
                format!("add `--wait` to wait for it; `shipway status {environment}` shows what it does"),
            ),
            DeployError::Lease(_) | DeployError::Store(_) => told(Kind::Failed),
            DeployError::Frozen { environment, .. } => told(Kind::NotAllowed).hint(format!(
                "look at `shipway status {environment}` and `shipway history {environment}`, then add `--thaw`"
            )),
            DeployError::Runtime(error) => Self {
                hint: error.way_out(),
                ..told(Kind::Failed)
            },
            DeployError::Unsafe(_) | DeployError::Unreachable(_) => told(Kind::Failed),
            DeployError::Migrations(examined) => migrations::refused(told(Kind::Refused), examined),
            DeployError::Git(error) => git(error),
            DeployError::Adoption(refused) => adoption(refused),
            DeployError::Renew(refused) => renewal(refused),
            DeployError::Moved { environment, from } => told(Kind::NotAllowed).hint(match from {
                Some(host) => format!("set `host: {host}` again, and `shipway down {environment}` ends it there"),
                None => format!("take `host` out again, and `shipway down {environment}` ends it here"),
            }),
            DeployError::Pruned { release, .. } => told(Kind::Failed).hint(format!(
                "build its commit again: `shipway build --commit {}`",
                release.short_commit()
            )),
            DeployError::Changed(environment) => told(Kind::Failed)
                .hint(format!("look again: `shipway plan {environment}`")),
            DeployError::Executor(ExecutorError::Detached(_)) => told(Kind::Interrupted),
            DeployError::Executor(_) => {
                told(Kind::Failed).hint("`shipway resume` goes on once the cause is gone")
            }
            DeployError::Backup(error) => backup(error),
            DeployError::Secret(error) => secret(error),
            DeployError::Interrupted => told(Kind::Interrupted),
        }
    }
}

impl From<PruneError> for CliError {
    fn from(error: PruneError) -> Self {
        match &error {
            PruneError::Lease(TakeError::Held { environment, .. }) => {
                Self::of(Kind::Locked, &error).hint(format!(
                    "nothing was removed; try again when `shipway status {environment}` is quiet"
                ))
            }
            PruneError::Changed => {
                Self::of(Kind::Failed, &error).hint("look again: `shipway prune --dry-run`")
            }
            PruneError::Lease(_) | PruneError::Store(_) | PruneError::Runtime(_) => {
                Self::of(Kind::Failed, &error)
            }
        }
    }
}

impl From<shipway_store::Error> for CliError {
    fn from(error: shipway_store::Error) -> Self {
        Self::of(Kind::Failed, &error)
    }
}

impl From<shipway_store::OpenError> for CliError {
    fn from(error: shipway_store::OpenError) -> Self {
        Self::of(Kind::Failed, &error)
    }
}

impl From<shipway_runtime::Error> for CliError {
    fn from(error: shipway_runtime::Error) -> Self {
        Self {
            hint: error.way_out(),
            ..Self::of(Kind::Failed, &error)
        }
    }
}

impl From<ExecutorError> for CliError {
    fn from(error: ExecutorError) -> Self {
        Self::of(Kind::Failed, &error)
    }
}

impl From<StatusError> for CliError {
    fn from(error: StatusError) -> Self {
        Self::of(Kind::Failed, &error)
    }
}

impl From<serde_json::Error> for CliError {
    fn from(error: serde_json::Error) -> Self {
        Self::of(Kind::Failed, &error)
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::of(Kind::Failed, &error)
    }
}
