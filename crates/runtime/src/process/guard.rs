//! The guard: runs a command that must end with its caller.
//!
//! ```text
//!  caller ── stdin, a socket: request ──► guard ── exec shim ──► build step or task
//!         ◄────────────────── answer ────   │                       │
//!         ◄──────────────────── stdout, stderr ─────────────────────┘
//! ```
//!
//! The caller's end of the socket closes when it wants the command dead, and when it dies itself;
//! either way the guard kills the command with all its descendants.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::{ExitCode, Stdio};

use rustix::process::setsid;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::child;
use super::launch::Launch;
use super::launcher::Launcher;
use super::reaper::Reaper;
use crate::Exit;

/// What a guard is to run: one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) launcher: Launcher,
    pub(super) launch: Launch,
}

/// How it went: JSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// It ended, or was killed for its caller's sake.
    Ended(Exit),
    /// It could not be started.
    NotStarted(String),
}

pub(super) fn run() -> ExitCode {
    // Fails only where the process leads a group already, as when started by hand.
    let _ = setsid();
    let outcome = take_socket().and_then(|socket| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(serve(socket))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn take_socket() -> io::Result<StdUnixStream> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let socket = StdUnixStream::from(socket);
    socket.set_nonblocking(true)?;
    Ok(socket)
}

async fn serve(socket: StdUnixStream) -> io::Result<()> {
    let reaper = Reaper::start()?;
    let mut socket = BufReader::new(UnixStream::from_std(socket)?);
    let mut line = String::new();
    socket.read_line(&mut line).await?;
    let request: Request = serde_json::from_str(&line)?;
    let answer = guard(&request, &mut socket, &reaper).await;
    reaper.kill_all().await;
    match socket.write_all(&serde_json::to_vec(&answer?)?).await {
        // The caller is gone.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

async fn guard(
    request: &Request,
    socket: &mut BufReader<UnixStream>,
    reaper: &Reaper,
) -> io::Result<Answer> {
    let streams = (
        Stdio::from(io::stdout().as_fd().try_clone_to_owned()?),
        Stdio::from(io::stderr().as_fd().try_clone_to_owned()?),
    );
    let child = child::spawn(&request.launcher, &request.launch, streams, reaper).await;
    let mut child = match child {
        Ok(child) => child,
        Err(reason) => return Ok(Answer::NotStarted(reason)),
    };
    let mut nothing = [0];
    tokio::select! {
        biased;
        exit = &mut child.ended => Ok(Answer::Ended(exit.map_err(io::Error::other)?)),
        _ = socket.read(&mut nothing) => {
            reaper.kill_group(child.pid);
            Ok(Answer::Ended(child.ended.await.map_err(io::Error::other)?))
        }
    }
}
