//! What goes wrong with the data of an environment: its secrets, its database, its backups.

use shipway_engine::backup::BackupError;
use shipway_engine::database::DatabaseError;
use shipway_engine::secrets::SecretError;
use shipway_store::KeyringError;

use super::{CliError, Kind};

impl From<SecretError> for CliError {
    fn from(error: SecretError) -> Self {
        secret(&error)
    }
}

pub(super) fn secret(error: &SecretError) -> CliError {
    let told = CliError::of(Kind::Failed, error);
    match error {
        SecretError::Unknown { environment, .. } => CliError::of(Kind::Usage, error).hint(format!(
            "`shipway secrets list {environment}` shows what is set, `shipway secrets set` sets one"
        )),
        SecretError::Removed { environment, .. } => told.hint(format!(
            "set it again and deploy: `shipway secrets list {environment}` shows what is there"
        )),
        SecretError::OtherIdentity { .. }
        | SecretError::Decrypt { .. }
        | SecretError::Keyring(KeyringError::Missing(_)) => told.hint(
            "bring the identity back from its copy, or name it in SHIPWAY_AGE_IDENTITY_FILE; \
             secrets of a lost one have to be removed and set again",
        ),
        SecretError::Keyring(_) | SecretError::Store(_) => told,
    }
}

impl From<DatabaseError> for CliError {
    fn from(error: DatabaseError) -> Self {
        database(&error)
    }
}

fn database(error: &DatabaseError) -> CliError {
    let told = |kind| CliError::of(kind, error);
    match error {
        DatabaseError::Unknown(_) => told(Kind::Config).hint(
            "say it in shipway.yml: `database: { service: db }`, `{ url: ${DATABASE_URL} }` or \
             `{ sqlite: data/db.sqlite3 }`",
        ),
        DatabaseError::NothingLive(environment) => {
            told(Kind::Failed).hint(format!("`shipway deploy {environment}` first"))
        }
        DatabaseError::Unset(name) => told(Kind::Config).hint(format!(
            "set `{name}`, in a file of the environment's `env_files` or in your shell"
        )),
        DatabaseError::Url { .. } => {
            told(Kind::Config).hint("it looks like `postgres://user:password@host:5432/database`")
        }
        DatabaseError::Run { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            told(Kind::Failed)
                .hint("install PostgreSQL's client programs, of the server's version or newer")
        }
        DatabaseError::NoProject
        | DatabaseError::NoVolumes
        | DatabaseError::NotPostgres(_)
        | DatabaseError::Run { .. }
        | DatabaseError::Failed { .. }
        | DatabaseError::Runtime(_)
        | DatabaseError::Project(_)
        | DatabaseError::Live(_) => told(Kind::Failed),
    }
}

impl From<BackupError> for CliError {
    fn from(error: BackupError) -> Self {
        backup(&error)
    }
}

pub(super) fn backup(error: &BackupError) -> CliError {
    let told = |kind| CliError::of(kind, error);
    match error {
        BackupError::Unknown { environment, .. } => {
            told(Kind::Usage).hint(format!("`shipway backup list {environment}` shows them"))
        }
        BackupError::File { .. } if error.is_full() => told(Kind::Failed).hint(
            "nothing was lost: what was written of it is gone again; make room, or name \
                 another `backup.directory`",
        ),
        BackupError::NoRoom { .. } => told(Kind::Failed).hint(
            "nothing was begun: make room (`shipway backup prune` removes what nothing keeps, \
                 `shipway restore ENV --accept` old databases), or name another `backup.directory`",
        ),
        BackupError::Damaged { .. } | BackupError::Differs { .. } => told(Kind::Failed)
            .hint("do not rely on it: make another one, and look at the disk that it is on"),
        BackupError::Sealed { .. } => told(Kind::Failed)
            .hint("name the identity that it was encrypted for in SHIPWAY_AGE_IDENTITY_FILE"),
        BackupError::Database(error) => database(error),
        BackupError::Secret(error) => secret(error),
        BackupError::NoKey { .. } => told(Kind::Config).hint(
            "set it in the shell, in a file of the environment's `env_files`, or with \
                   `shipway secrets set`",
        ),
        BackupError::Bucket { .. } => told(Kind::Failed).hint(
            "look at `backup.s3` of shipway.yml and at the variables `AWS_ACCESS_KEY_ID` and \
                 `AWS_SECRET_ACCESS_KEY`",
        ),
        BackupError::File { .. }
        | BackupError::OtherKind(_)
        | BackupError::Keyring(_)
        | BackupError::Sqlite { .. }
        | BackupError::Store(_) => told(Kind::Failed),
    }
}
