//! A consistent dump of a database, with what only the same snapshot can tell of it.

use shipway_pipeline::backup::{self, Contents, Postgres, Sequence};

use super::super::folder::Folder;
use super::super::{BackupError, Files};
use super::facts;
use super::program::{Saving, output};
use crate::database::{DatabaseError, Server, Session};

/// The longest that a dump waits for a table that somebody else has.
const LOCK_WAIT: &str = "30s";

/// Nothing of what a server or a role sets may end the transaction that everything is read in.
const BEGIN: &str = "
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET row_security = off;
SET lock_timeout = '30s';
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What was saved.
pub(in super::super) struct Dumped {
    pub(in super::super) files: Files,
    pub(in super::super) source: Postgres,
    pub(in super::super) contents: Contents,
}

/// Saves a database.
///
/// One transaction exports its snapshot, is counted in, and stays open until `pg_dump`, which
/// reads the same snapshot, has ended.
pub(in super::super) async fn dump(
    server: &Server,
    folder: &Folder,
    name: &str,
    recipients: &[String],
) -> Result<Dumped, BackupError> {
    let version = version(server).await?;
    let mut session = server.session().await?;
    session.query(BEGIN).await?;
    let snapshot = session.query("SELECT pg_export_snapshot()").await?;
    let snapshot = snapshot.into_iter().flatten().next().unwrap_or_default();
    let source = facts::database(&mut session, server, version).await?;
    let arguments = [
        "--format=custom".to_owned(),
        "--compress=6".to_owned(),
        "--no-password".to_owned(),
        format!("--lock-wait-timeout={LOCK_WAIT}"),
        format!("--snapshot={snapshot}"),
    ];
    let partial = folder.partial(&file_name(name, "dump", recipients));
    let (saving, partial) =
        Saving::start(server, "pg_dump", &arguments, partial, recipients).await?;
    // The counting is much faster than the dump, and happens beside it.
    let (file, contents) = tokio::join!(saving.end(), facts::contents(&mut session));
    // A count that fails ends the snapshot, and what `pg_dump` says then is no reason.
    let mut contents = contents?;
    let mut files = Files::default();
    files.add(file?, partial);
    let after = facts::sequences(&mut session).await?;
    for (name, at) in after {
        let known = contents.sequences.get_mut(&name);
        if let Some(Sequence { after, .. }) = known {
            *after = at;
        }
    }
    session.end().await?;
    let (file, partial) = globals(server, folder, name, recipients).await?;
    files.add(file, partial);
    Ok(Dumped {
        files,
        source,
        contents,
    })
}

/// Saves roles and what else is the server's and not the database's: with their passwords, where
/// one may read those.
async fn globals(
    server: &Server,
    folder: &Folder,
    name: &str,
    recipients: &[String],
) -> Result<(backup::File, std::sync::Arc<super::super::folder::Partial>), BackupError> {
    let save = async |more: &[&str]| {
        let mut arguments = vec!["--globals-only".to_owned(), "--no-password".to_owned()];
        arguments.extend(more.iter().map(|&word| word.to_owned()));
        let partial = folder.partial(&file_name(name, "globals.sql", recipients));
        let started = Saving::start(server, "pg_dumpall", &arguments, partial, recipients);
        let (saving, partial) = started.await?;
        Ok::<_, BackupError>((saving.end().await?, partial))
    };
    match save(&[]).await {
        Err(BackupError::Database(DatabaseError::Failed { .. })) => {
            save(&["--no-role-passwords"]).await
        }
        saved => saved,
    }
}

/// The version of the program that saves.
async fn version(server: &Server) -> Result<String, DatabaseError> {
    let said = output(server, "pg_dump", &["--version".to_owned()]).await?;
    // `pg_dump (PostgreSQL) 17.2 (Debian 17.2-1)`
    Ok(said
        .split_whitespace()
        .nth(2)
        .unwrap_or_default()
        .to_owned())
}

fn file_name(name: &str, kind: &str, recipients: &[String]) -> String {
    let end = if recipients.is_empty() { "" } else { ".age" };
    format!("{name}.{kind}{end}")
}

/// Opens a transaction in which nothing changes, for counting.
pub(super) async fn begin(server: &Server) -> Result<Session, DatabaseError> {
    let mut session = server.session().await?;
    session.query(BEGIN).await?;
    Ok(session)
}
