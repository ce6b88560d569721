//! The caller's side of a guard: runs a command to its end and streams what it writes.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::guard::{Answer, Request};
use super::launch::{Launch, RUN_VARIABLE};
use super::launcher::{Launcher, Mode};
use super::orphan;
use crate::lines::{LastLines, Splitter};
use crate::{Exit, Line, Output};

/// Lines of each stream that an error shows: a screen's half.
const LAST_LINES: usize = 20;

/// A guard that was told to kill has done so within this time, unless the kernel holds a process.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// How a guarded command ended, with its last lines.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) how: How,
    pub(super) last_lines: Vec<String>,
}

/// How a guarded command ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By itself.
    Ended(Exit),
    /// It could not be started.
    NotStarted(String),
    /// It was killed at its deadline.
    Deadline,
}

/// Runs a command under a guard. When the returned future is dropped, or this process dies, the
/// command is killed with all its descendants.
pub(super) async fn run(
    launcher: &Launcher,
    launch: &Launch,
    deadline: Duration,
    output: Output<'_>,
) -> io::Result<Finished> {
    let (mut guard, mut socket) = start(launcher, launch)?;
    let request = Request {
        launcher: launcher.clone(),
        launch: launch.clone(),
    };
    let mut line = serde_json::to_vec(&request)?;
    line.push(b'\n');
    socket.write_all(&line).await?;
    let stdout = guard.stdout.take();
    let stderr = guard.stderr.take();
    let mut last_lines = LastLines::new(LAST_LINES);
    let ended = async {
        let copied = async {
            copy(stdout, stderr, output, &mut last_lines).await;
            Ok(())
        };
        tokio::try_join!(read_answer(&mut socket), copied)
    };
    let how = match timeout(deadline, ended).await {
        Ok(Ok((answer, ()))) => how(answer),
        Ok(Err(error)) => {
            // The guard was killed, and what it guarded may have descendants left.
            if let Some(run) = launch.environment.get(RUN_VARIABLE) {
                orphan::sweep(run, None).await?;
            }
            return Err(error);
        }
        Err(_) => How::Deadline,
    };
    if how == How::Deadline {
        // What the dying command still writes is of no interest.
        socket.shutdown().await?;
        if timeout(KILL_PATIENCE, guard.wait()).await.is_err() {
            return Err(io::Error::other("what passed its deadline does not go"));
        }
    } else {
        guard.wait().await?;
    }
    let last_lines = last_lines.into_texts();
    Ok(Finished { how, last_lines })
}

fn start(launcher: &Launcher, launch: &Launch) -> io::Result<(Child, UnixStream)> {
    let (own, theirs) = StdUnixStream::pair()?;
    own.set_nonblocking(true)?;
    let path = launch.environment.get("PATH").cloned().unwrap_or_default();
    let environment = BTreeMap::from([("PATH".to_owned(), path)]);
    let guard = Command::from(launcher.command(Mode::Guard, &environment))
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .current_dir("/")
        .spawn()?;
    Ok((guard, UnixStream::from_std(own)?))
}

async fn read_answer(socket: &mut UnixStream) -> io::Result<Answer> {
    let mut text = Vec::new();
    socket.read_to_end(&mut text).await?;
    if text.is_empty() {
        return Err(io::Error::other("its guard was killed"));
    }
    Ok(serde_json::from_slice(&text)?)
}

fn how(answer: Answer) -> How {
    match answer {
        Answer::Ended(exit) => How::Ended(exit),
        Answer::NotStarted(reason) => How::NotStarted(reason),
    }
}

async fn copy(
    stdout: Option<impl AsyncRead + Unpin>,
    stderr: Option<impl AsyncRead + Unpin>,
    output: Output<'_>,
    last_lines: &mut LastLines,
) {
    let (lines, mut received) = unbounded_channel();
    let read = async move {
        tokio::join!(
            read_lines(stdout, false, lines.clone()),
            read_lines(stderr, true, lines),
        )
    };
    let forward = async {
        while let Some(line) = received.recv().await {
            last_lines.push(line.clone());
            // Whoever asked for the output may not want it any more.
            let _ = output.send(line);
        }
    };
    tokio::join!(read, forward);
}

async fn read_lines(
    stream: Option<impl AsyncRead + Unpin>,
    is_error: bool,
    lines: UnboundedSender<Line>,
) {
    let Some(mut stream) = stream else { return };
    let mut splitter = Splitter::default();
    let mut buffer = vec![0; 8 * 1024];
    let send = |text| {
        // The receiver lives as long as this reader.
        let _ = lines.send(Line { text, is_error });
    };
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let bytes = buffer.get(..count).unwrap_or_default();
        splitter.push(bytes).into_iter().for_each(send);
    }
    splitter.finish().into_iter().for_each(send);
}
