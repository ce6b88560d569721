//! A database of a PostgreSQL server, and how the server's programs are run on it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use shipway_pipeline::id::InstanceId;
use shipway_pipeline::secret::SecretValue;
use shipway_runtime::{ColourKey, Program, Runtime};
use tokio::process::Command;

use super::DatabaseError;

/// Lines of a program's error stream that tell why it failed.
const LAST_LINES: usize = 6;

/// One of a PostgreSQL server's databases.
#[derive(Clone)]
pub struct Server {
    access: Access,
    variables: Vec<(String, SecretValue)>,
    name: String,
}

/// Where the server's programs are.
#[derive(Clone)]
pub(super) enum Access {
    /// In the server's own container: they fit the server, and are let in by its socket.
    Instance {
        runtime: Arc<dyn Runtime>,
        key: ColourKey,
        instance: InstanceId,
    },
    /// On this host, in a directory or on `PATH`.
    Host { programs: Option<PathBuf> },
}

// === impl Server ===

impl Server {
    pub(super) fn new<'v>(
        access: Access,
        variables: impl IntoIterator<Item = (&'v str, Option<Vec<u8>>)>,
        name: String,
    ) -> Self {
        let variables = variables.into_iter();
        let variables =
            variables.filter_map(|(name, value)| Some((name.to_owned(), SecretValue::new(value?))));
        Self {
            access,
            variables: variables.collect(),
            name,
        }
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its programs are those of the server's own container.
    pub(super) fn is_in_container(&self) -> bool {
        matches!(self.access, Access::Instance { .. })
    }

    /// Another database of the same server.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self.clone()
        }
    }

    /// The server's database for work on this one as a whole: one that is renamed or dropped must
    /// have no connections.
    #[must_use]
    pub fn maintenance(&self) -> Self {
        self.named(if self.name == "postgres" {
            "template1"
        } else {
            "postgres"
        })
    }

    /// The same, with a variable that its programs read, such as `PGOPTIONS`.
    #[must_use]
    pub fn with_variable(&self, name: &str, value: &str) -> Self {
        let mut server = self.clone();
        let value = SecretValue::new(value.as_bytes().to_vec());
        server.variables.retain(|(known, _)| known != name);
        server.variables.push((name.to_owned(), value));
        server
    }

    /// Makes the command of one of the server's programs, such as `pg_dump`, that works on this
    /// database. All its streams are piped, and it is killed when nobody waits for it any more.
    ///
    /// # Errors
    /// The server's container cannot be found.
    pub async fn program<S: AsRef<OsStr>>(
        &self,
        name: &str,
        arguments: &[S],
    ) -> Result<Command, DatabaseError> {
        let mut variables = self.variables.clone();
        let database = SecretValue::new(self.name.clone().into_bytes());
        variables.push(("PGDATABASE".to_owned(), database));
        let arguments = arguments.iter().map(|one| one.as_ref().to_owned());
        let program = Program {
            name: name.to_owned(),
            arguments: arguments.collect(),
            variables,
        };
        let mut command = match &self.access {
            Access::Instance {
                runtime,
                key,
                instance,
            } => runtime.program_in(key, instance, &program).await?,
            Access::Host { programs } => on_host(programs.as_ref(), &program),
        };
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }
}

/// A program that failed, and what it said.
pub(crate) fn failed(program: &str, said: &str) -> DatabaseError {
    DatabaseError::Failed {
        program: program.to_owned(),
        reason: reason(said),
    }
}

/// What a program said of its failure, on one line and without what `psql` says of itself.
fn reason(said: &str) -> String {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines
        .map(|line| {
            let plain = line
                .split_once(": ")
                .filter(|(who, _)| who.starts_with("psql:"));
            plain.map_or(line, |(_, rest)| rest)
        })
        .collect();
    if lines.is_empty() {
        return "it said nothing".to_owned();
    }
    let first = lines.len().saturating_sub(LAST_LINES);
    lines[first..].join("; ")
}

fn on_host(programs: Option<&PathBuf>, program: &Program) -> Command {
    let path = programs.map(|directory| directory.join(&program.name));
    let path = path.filter(|path| path.exists());
    let mut command = Command::new(path.unwrap_or_else(|| program.name.clone().into()));
    command.args(&program.arguments);
    // The URL says it all: nothing of the caller's own settings is mixed in.
    for (name, _) in std::env::vars_os() {
        if name.as_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    for (name, value) in &program.variables {
        command.env(name, OsStr::from_bytes(value.expose()));
    }
    command
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Server");
        shown.field("name", &self.name);
        match &self.access {
            Access::Instance { instance, .. } => shown.field("instance", instance),
            Access::Host { programs } => shown.field("programs", programs),
        };
        // The variables hold its password.
        shown.finish_non_exhaustive()
    }
}
