//! One database in the place of another, by their names, in one transaction.

use std::time::{Duration, Instant};

use shipway_pipeline::backup::{identifier, literal};

use crate::database::{DatabaseError, Server};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// Gives a database's name to another one, and the database another name.
///
/// The server does both or neither, so there is no moment at which a database of that name is
/// missing for good. Done already, nothing is done. The database that gives its name away takes no
/// connections any more, so that nobody writes to it by mistake. Whoever connects again between
/// being sent away and the renaming is sent away again, and a server that does not answer is
/// waited for, all for as long as `patience` lasts.
pub(in super::super) async fn swap(
    server: &Server,
    incoming: &str,
    outgoing: &str,
    patience: Duration,
) -> Result<(), DatabaseError> {
    let maintenance = server.maintenance();
    let began = Instant::now();
    loop {
        match attempt(&maintenance, server.name(), incoming, outgoing).await {
            Ok(result) => return result,
            // The answer may be what was lost: the next look tells.
            Err(error) if began.elapsed() >= patience => return Err(error),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Exchanges them, or finds that it was done, or says why it never can be; an error may pass.
async fn attempt(
    maintenance: &Server,
    name: &str,
    incoming: &str,
    outgoing: &str,
) -> Result<Result<(), DatabaseError>, DatabaseError> {
    let has_incoming = exists(maintenance, incoming).await?;
    let has_outgoing = exists(maintenance, outgoing).await?;
    Ok(match (has_incoming, has_outgoing) {
        (true, false) => {
            let statements = statements(name, incoming, outgoing);
            maintenance.query(&statements).await?;
            Ok(())
        }
        (false, true) => Ok(()),
        (false, false) => Err(wrong(format!("there is no database `{incoming}`"))),
        (true, true) => Err(wrong(format!("`{outgoing}` exists already"))),
    })
}

/// Nobody is let in between: a new connection waits for the transaction, and then looks again for
/// the database of the name that it asked for.
fn statements(name: &str, incoming: &str, outgoing: &str) -> String {
    let both = format!("{}, {}", literal(name), literal(incoming));
    let [name, incoming, outgoing] = [name, incoming, outgoing].map(identifier);
    format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ({both});
         BEGIN;
         ALTER DATABASE {name} RENAME TO {outgoing};
         ALTER DATABASE {incoming} RENAME TO {name};
         ALTER DATABASE {outgoing} WITH ALLOW_CONNECTIONS false;
         ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true;
         COMMIT"
    )
}

/// Whether the server has a database of that name.
async fn exists(maintenance: &Server, name: &str) -> Result<bool, DatabaseError> {
    let sql = format!(
        "SELECT 1 FROM pg_database WHERE datname = {}",
        literal(name)
    );
    Ok(!maintenance.query(&sql).await?.is_empty())
}

/// The names of the server's databases that begin so.
pub(in super::super) async fn beginning_with(
    server: &Server,
    start: &str,
) -> Result<Vec<(String, u64)>, DatabaseError> {
    let sql = format!(
        "SELECT datname, pg_database_size(oid) FROM pg_database
         WHERE starts_with(datname, {}) ORDER BY datname",
        literal(start)
    );
    let rows = server.maintenance().query(&sql).await?.into_iter();
    let pair = |row: Vec<String>| match row.as_slice() {
        [name, size] => Some((name.clone(), size.parse().unwrap_or_default())),
        _ => None,
    };
    Ok(rows.filter_map(pair).collect())
}

fn wrong(reason: String) -> DatabaseError {
    DatabaseError::Failed {
        program: "the exchange of databases".to_owned(),
        reason,
    }
}
