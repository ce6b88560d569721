//! Why a database could not be asked.

use std::path::PathBuf;

use shipway_pipeline::database::{InvalidUrl, Unknown};
use shipway_pipeline::name::EnvironmentName;

use crate::executor::ExecutorError;
use crate::project::ProjectError;

/// Why a database could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The engine was made without a project.
    #[error("no project says where the databases are")]
    NoProject,
    /// There is no release whose database it would be.
    #[error("nothing is live in `{0}`")]
    NothingLive(EnvironmentName),
    /// It is not known which one it is.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// The variable of its URL has no value.
    #[error("the variable `{0}`, which names the database, is not set")]
    Unset(String),
    /// The variable of its URL holds something else.
    #[error("the variable `{variable}` holds no URL of a PostgreSQL server")]
    Url {
        /// The variable.
        variable: String,
        /// What is wrong with it.
        #[source]
        source: InvalidUrl,
    },
    /// Volumes are not directories of this host.
    #[error("the volumes of this runtime are no directories of this host")]
    NoVolumes,
    /// Only a PostgreSQL server can do that.
    #[error("`{}` is an SQLite file, and this needs PostgreSQL", .0.display())]
    NotPostgres(PathBuf),
    /// A program could not be started, read or written.
    #[error("cannot run `{program}`")]
    Run {
        /// Which.
        program: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A program did not do what it was to do.
    #[error("`{program}` failed: {reason}")]
    Failed {
        /// Which.
        program: String,
        /// What it said.
        reason: String,
    },
    /// The instance cannot be found.
    #[error(transparent)]
    Runtime(#[from] shipway_runtime::Error),
    /// The project cannot be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// What is live cannot be read.
    #[error(transparent)]
    Live(#[from] ExecutorError),
}

impl DatabaseError {
    pub(crate) fn run(program: &str) -> impl FnOnce(std::io::Error) -> Self {
        let program = program.to_owned();
        move |source| Self::Run { program, source }
    }
}
