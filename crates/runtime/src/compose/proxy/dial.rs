//! A connection to the control API of a host's proxy, through the Engine API.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bollard::container::LogOutput;
use bollard::errors::Error as ApiError;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::container::{DIRECTORY, NAME, ProxyContainer};
use super::parts;
use crate::compose::engine::{is_conflict, is_missing, reason};

/// What the command in the container writes.
type Parts = Pin<Box<dyn Stream<Item = Result<LogOutput, ApiError>> + Send>>;

/// A connection to the control API.
pub struct Dialled {
    parts: Parts,
    input: Pin<Box<dyn AsyncWrite + Send>>,
    /// What was received and not read yet.
    rest: Vec<u8>,
}

// === impl ProxyContainer ===

impl ProxyContainer {
    /// A new connection to the control API.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where no proxy runs there; otherwise the engine's reason.
    pub async fn dial(&self) -> io::Result<Dialled> {
        let docker = self.docker().map_err(io::Error::other)?;
        let command = [
            format!("/{}", parts::PROGRAM),
            "proxy".to_owned(),
            "--proxy-dir".to_owned(),
            DIRECTORY.to_owned(),
            "dial".to_owned(),
        ];
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..CreateExecOptions::default()
        };
        let made = docker.create_exec(NAME, options).await.map_err(told)?;
        let started = docker.start_exec(&made.id, None::<StartExecOptions>).await;
        match started.map_err(told)? {
            StartExecResults::Attached { output, input } => Ok(Dialled {
                parts: output,
                input,
                rest: Vec::new(),
            }),
            StartExecResults::Detached => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

fn told(error: ApiError) -> io::Error {
    let is_gone = is_missing(&error) || is_conflict(&error);
    let kind = match is_gone {
        true => io::ErrorKind::NotFound,
        false => io::ErrorKind::Other,
    };
    io::Error::new(kind, reason(error))
}

// === impl Dialled ===

impl AsyncRead for Dialled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match std::task::ready!(self.parts.as_mut().poll_next(context)) {
                None => return Poll::Ready(Ok(())),
                Some(Ok(LogOutput::StdErr { message })) => {
                    let text = String::from_utf8_lossy(&message);
                    return Poll::Ready(Err(io::Error::other(text.trim().to_owned())));
                }
                Some(Ok(part)) => self.rest = part.into_bytes().to_vec(),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(reason(error)))),
            }
        }
        let count = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Dialled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.input.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input.as_mut().poll_shutdown(context)
    }
}
