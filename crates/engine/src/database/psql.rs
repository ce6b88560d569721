//! Questions to a PostgreSQL server, by its own `psql`.

use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;

use super::server::failed;
use super::{DatabaseError, Server};

/// A row of an answer; NULL is the empty text.
pub type Row = Vec<String>;

const PROGRAM: &str = "psql";

/// Between two values; PostgreSQL's texts hold it only where somebody meant harm to a parser.
const FIELD: char = '\u{1f}';

/// Ends an answer of a session, after the zero byte that ends its last row.
const END: &str = "\u{1e}end\u{1e}";

/// No startup file, no headings, rows that end with a zero byte (which no text holds), and an end
/// at the first error.
const ARGUMENTS: [&str; 8] = [
    "--no-psqlrc",
    "--quiet",
    "--no-align",
    "--tuples-only",
    "--no-password",
    "--record-separator-zero",
    "--field-separator=\u{1f}",
    "--set=ON_ERROR_STOP=1",
];

/// A connection that stays open, with what belongs to it: a transaction, an advisory lock, an
/// exported snapshot.
///
/// The server ends it with whoever holds it: a caller that dies closes `psql`'s input.
#[derive(Debug)]
pub struct Session {
    input: ChildStdin,
    output: ChildStdout,
    errors: JoinHandle<String>,
    child: Child,
}

impl Server {
    /// Runs statements in a connection of their own and gives the rows of all answers. The first
    /// error ends them; statements that are to be undone then need a transaction of their own.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses a statement.
    pub async fn query(&self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let mut session = self.session().await?;
        let rows = session.query(sql).await?;
        session.end().await?;
        Ok(rows)
    }

    /// Opens a connection that is held.
    ///
    /// # Errors
    /// `psql` cannot be started. That the server cannot be reached is told by the first question.
    pub async fn session(&self) -> Result<Session, DatabaseError> {
        let mut command = self.program(PROGRAM, &ARGUMENTS).await?;
        // Messages in another language, or notices between rows, help nobody here.
        command.env("PGCLIENTENCODING", "UTF8");
        let mut child = command
            .stdin(Stdio::piped())
            .spawn()
            .map_err(DatabaseError::run(PROGRAM))?;
        let missing = || DatabaseError::Run {
            program: PROGRAM.to_owned(),
            source: std::io::Error::other("it has no streams"),
        };
        Ok(Session {
            input: child.stdin.take().ok_or_else(missing)?,
            output: child.stdout.take().ok_or_else(missing)?,
            errors: tokio::spawn(read_errors(child.stderr.take().ok_or_else(missing)?)),
            child,
        })
    }
}

// === impl Session ===

impl Session {
    /// Runs statements and gives the rows of all answers. After an error the session has ended.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses a statement.
    pub async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let script = format!("{sql}\n;\n\\echo '{END}'\n");
        // A session that ended meanwhile tells why by its error stream.
        let is_written = self.input.write_all(script.as_bytes()).await.is_ok()
            && self.input.flush().await.is_ok();
        let mut answer = Vec::new();
        let end = format!("{END}\n");
        let mut part = vec![0; 64 * 1024];
        while is_written && !answer.ends_with(end.as_bytes()) {
            let read = self.output.read(&mut part).await;
            match read.map_err(DatabaseError::run(PROGRAM))? {
                0 => return Err(self.failure().await),
                count => answer.extend_from_slice(&part[..count]),
            }
        }
        if !is_written {
            return Err(self.failure().await);
        }
        answer.truncate(answer.len() - end.len());
        Ok(rows(&String::from_utf8_lossy(&answer)))
    }

    /// Ends the connection.
    ///
    /// # Errors
    /// `psql` says that something went wrong.
    pub async fn end(mut self) -> Result<(), DatabaseError> {
        drop(self.input);
        let status = self.child.wait().await;
        if status.map_err(DatabaseError::run(PROGRAM))?.success() {
            return Ok(());
        }
        Err(failed(PROGRAM, &self.errors.await.unwrap_or_default()))
    }

    async fn failure(&mut self) -> DatabaseError {
        let said = (&mut self.errors).await.unwrap_or_default();
        failed(PROGRAM, &said)
    }
}

async fn read_errors(mut stream: ChildStderr) -> String {
    let mut said = Vec::new();
    // What cannot be read any more is at its end.
    let _ = stream.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

/// The rows of an answer, each of which ends with a zero byte.
fn rows(answer: &str) -> Vec<Row> {
    let rows = answer.split_terminator('\0');
    rows.map(|row| row.split(FIELD).map(str::to_owned).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_anything_but_the_separators() {
        let found = rows("a|b\u{1f}two\nlines\0\u{1f}\0");
        assert_eq!(found, [["a|b", "two\nlines"], ["", ""]]);
        assert!(rows("").is_empty());
    }
}
