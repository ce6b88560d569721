//! PostgreSQL's programs with a file at one of their streams.

use std::fs::File;
use std::io::{self, Write as _};
use std::process::ExitStatus;

use shipway_pipeline::backup;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr};
use tokio::task::JoinHandle;

use super::super::folder::{self, Partial};
use super::super::{BackupError, Source};
use crate::database::{DatabaseError, Server, failed};

/// As much is read before it is passed on.
const PART: usize = 256 * 1024;

/// A program that was started.
pub(super) struct Running {
    name: &'static str,
    child: Child,
    errors: JoinHandle<String>,
}

/// Starts a program that writes to a file.
pub(super) struct Saving {
    running: Running,
    writing: JoinHandle<Result<backup::File, BackupError>>,
}

impl Running {
    async fn start(
        server: &Server,
        name: &'static str,
        arguments: &[String],
    ) -> Result<Self, DatabaseError> {
        let mut command = server.program(name, arguments).await?;
        let mut child = command.spawn().map_err(DatabaseError::run(name))?;
        let errors = child.stderr.take();
        Ok(Self {
            name,
            child,
            errors: tokio::spawn(read_errors(errors)),
        })
    }

    async fn end(mut self) -> Result<(), DatabaseError> {
        let status = self.child.wait().await;
        let status = status.map_err(DatabaseError::run(self.name))?;
        let said = self.errors.await.unwrap_or_default();
        succeeded(self.name, status, &said)
    }
}

impl Saving {
    /// Starts a program whose output goes to a file.
    pub(super) async fn start(
        server: &Server,
        name: &'static str,
        arguments: &[String],
        partial: Partial,
        recipients: &[String],
    ) -> Result<(Self, std::sync::Arc<Partial>), BackupError> {
        let mut running = Running::start(server, name, arguments).await?;
        drop(running.child.stdin.take());
        let output = running.child.stdout.take();
        let output = output.ok_or_else(|| io::Error::other("it has no output"));
        let output = output.and_then(tokio::process::ChildStdout::into_owned_fd);
        let mut output = File::from(output.map_err(DatabaseError::run(name))?);
        let partial = std::sync::Arc::new(partial);
        let (target, recipients) = (partial.clone(), recipients.to_vec());
        let writing =
            tokio::task::spawn_blocking(move || folder::write(&mut output, &target, &recipients));
        Ok((Self { running, writing }, partial))
    }

    /// Waits for its end. A program that failed has written nothing that is of use.
    pub(super) async fn end(self) -> Result<backup::File, BackupError> {
        let written = joined(self.writing.await);
        match written {
            // Where the file cannot be written, the program's complaint is about that.
            Err(error) => Err(error),
            Ok(file) => {
                self.running.end().await?;
                Ok(file)
            }
        }
    }
}

/// Runs a program that reads a backup.
pub(super) async fn feed(
    server: &Server,
    name: &'static str,
    arguments: &[String],
    source: Source,
) -> Result<(), BackupError> {
    let mut running = Running::start(server, name, arguments).await?;
    let input = running.child.stdin.take();
    let input = input.ok_or_else(|| io::Error::other("it has no input"));
    let input = input.and_then(tokio::process::ChildStdin::into_owned_fd);
    let input = File::from(input.map_err(DatabaseError::run(name))?);
    let output = running.child.stdout.take();
    let feeding = tokio::task::spawn_blocking(move || pass_on(source, input));
    let reading = async {
        // It says nothing there, and must not wait for anybody to listen.
        if let Some(mut output) = output {
            let _ = tokio::io::copy(&mut output, &mut tokio::io::sink()).await;
        }
    };
    let (fed, ()) = tokio::join!(feeding, reading);
    let fed = joined(fed);
    // Where the backup cannot be read, the program's complaint is about that.
    fed?;
    running.end().await?;
    Ok(())
}

/// Reads a backup to its end as `pg_restore` does, without a database.
pub(in super::super) async fn check(server: &Server, source: Source) -> Result<(), BackupError> {
    let arguments = ["--file=/dev/null".to_owned()];
    feed(server, "pg_restore", &arguments, source).await
}

fn pass_on(mut source: Source, mut input: File) -> Result<(), BackupError> {
    let mut part = vec![0; PART];
    loop {
        let count = source.read(&mut part)?;
        if count == 0 {
            return Ok(());
        }
        match input.write_all(&part[..count]) {
            Ok(()) => {}
            // It ended, and says itself why.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(DatabaseError::run("pg_restore")(error).into()),
        }
    }
}

/// What a program says of itself, such as its version.
pub(super) async fn output(
    server: &Server,
    name: &'static str,
    arguments: &[String],
) -> Result<String, DatabaseError> {
    let mut running = Running::start(server, name, arguments).await?;
    drop(running.child.stdin.take());
    let mut said = String::new();
    if let Some(mut output) = running.child.stdout.take() {
        let read = output.read_to_string(&mut said).await;
        read.map_err(DatabaseError::run(name))?;
    }
    running.end().await?;
    Ok(said)
}

fn succeeded(name: &str, status: ExitStatus, said: &str) -> Result<(), DatabaseError> {
    if status.success() {
        Ok(())
    } else {
        Err(failed(name, said))
    }
}

/// What a blocking part came to. It panics only with us.
fn joined<T>(
    outcome: Result<Result<T, BackupError>, tokio::task::JoinError>,
) -> Result<T, BackupError> {
    match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            let error = io::Error::other(error.to_string());
            Err(DatabaseError::run("the copy")(error).into())
        }
    }
}

async fn read_errors(stream: Option<ChildStderr>) -> String {
    let mut said = Vec::new();
    if let Some(mut stream) = stream {
        // What cannot be read any more is at its end.
        let _ = stream.read_to_end(&mut said).await;
    }
    String::from_utf8_lossy(&said).into_owned()
}
