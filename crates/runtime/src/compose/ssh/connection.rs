//! The one ssh that goes to a host, and the way through it.
//!
//! It holds a session there for as long as its standard input is open, so it ends with this
//! process however that ends, and forwards a socket to the one where the engine listens, which
//! the docker command over there knows.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use shipway_pipeline::host::SshHost;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::complaint::explain;

/// Asks the engine, so that its own refusal is heard; then where it listens; then waits for the
/// end of its input. For whatever shell the user has there.
const THERE: &str = "docker version --format '{{.Server.Version}}' && \
                     docker context inspect --format '{{.Endpoints.docker.Host}}' && cat";

/// Anything that an engine answers.
const QUESTION: &[u8] = b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n";

/// A host that is far and busy answers within this.
const PATIENCE: Duration = Duration::from_secs(30);

/// What ssh wrote before it ended is there at once.
const LAST_WORDS: Duration = Duration::from_secs(2);

const OPTIONS: [&str; 7] = [
    // Nobody may be there to answer a question.
    "BatchMode=yes",
    "ConnectTimeout=10",
    // A line that is cut is noticed within half a minute.
    "ServerAliveInterval=10",
    "ServerAliveCountMax=3",
    "ControlPersist=no",
    "StreamLocalBindUnlink=yes",
    "LogLevel=ERROR",
];

/// The way to a host's engine. ssh is started when it is first needed, and again where it ended.
#[derive(Debug)]
pub(super) struct Connection {
    host: SshHost,
    control: PathBuf,
    forward: PathBuf,
    running: Mutex<Option<Running>>,
}

/// An ssh that runs.
#[derive(Debug)]
struct Running {
    child: Child,
    /// It ends with this.
    _input: ChildStdin,
}

// === impl Connection ===

impl Connection {
    /// A way whose sockets stand in a directory of its own.
    pub(super) fn new(host: SshHost, directory: &Path) -> Self {
        Self {
            host,
            control: directory.join("control"),
            forward: directory.join("forward"),
            running: Mutex::default(),
        }
    }

    /// A connection to the engine; `Err` says in one line why there is none.
    pub(super) async fn dial(&self) -> Result<UnixStream, String> {
        self.ensure().await?;
        let dialled = UnixStream::connect(&self.forward).await;
        dialled.map_err(|error| explain(&self.host, &format!("ssh does not forward: {error}")))
    }

    async fn ensure(&self) -> Result<(), String> {
        let mut running = self.running.lock().await;
        if let Some(known) = running.as_mut()
            && matches!(known.child.try_wait(), Ok(None))
        {
            return Ok(());
        }
        // What is left of one that ended is in the way of the next.
        *running = None;
        for path in [&self.control, &self.forward] {
            let _ = std::fs::remove_file(path);
        }
        let started = timeout(PATIENCE, self.start()).await;
        let started = started.unwrap_or_else(|_| Err("ssh: connection timed out".to_owned()));
        *running = Some(started.map_err(|told| explain(&self.host, &told))?);
        Ok(())
    }

    /// Goes there, and forwards the engine's socket; `Err` is what was complained of.
    async fn start(&self) -> Result<Running, String> {
        let mut child = self
            .command(&["-o", "ControlMaster=yes", "-T"])
            .arg(THERE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot run `ssh`: {error}"))?;
        let (input, output, errors) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = (input, output, errors) else {
            return Err("ssh has no standard streams".to_owned());
        };
        let mut lines = BufReader::new(output).lines();
        let mut told = Vec::new();
        // The version, then the address.
        while told.len() < 2 {
            match lines.next_line().await {
                Ok(Some(line)) => told.push(line),
                Ok(None) | Err(_) => return Err(last_words(errors).await),
            }
        }
        let address = told.pop().unwrap_or_default();
        let Some(socket) = address.trim().strip_prefix("unix://") else {
            return Err(format!(
                "the engine there listens at `{address}`, and only one at `unix://…` is reached"
            ));
        };
        self.forward_to(socket).await?;
        self.check().await?;
        // Nobody reads on, and what it says must not stop it.
        tokio::spawn(async move {
            let mut errors = errors;
            let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
        });
        Ok(Running {
            child,
            _input: input,
        })
    }

    async fn forward_to(&self, socket: &str) -> Result<(), String> {
        let forward = format!("{}:{socket}", self.forward.display());
        let asked = self
            .command(&["-O", "forward", "-L", &forward])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        let asked = asked.map_err(|error| format!("cannot run `ssh`: {error}"))?;
        if asked.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&asked.stderr).into_owned())
    }

    /// ssh makes a socket whether or not the server over there forwards it.
    async fn check(&self) -> Result<(), String> {
        let asked = async {
            let mut engine = UnixStream::connect(&self.forward).await?;
            engine.write_all(QUESTION).await?;
            engine.read(&mut [0; 1]).await
        };
        match asked.await {
            Ok(1) => Ok(()),
            Ok(_) => Err("the forwarding is administratively prohibited".to_owned()),
            Err(error) => Err(format!(
                "the forwarding is administratively prohibited: {error}"
            )),
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("ssh");
        command.arg("-S").arg(&self.control);
        for option in OPTIONS {
            command.args(["-o", option]);
        }
        command.args(words);
        if let Some(port) = self.host.port {
            command.args(["-p", &port.to_string()]);
        }
        if let Some(user) = &self.host.user {
            command.args(["-l", user]);
        }
        command.args(["--", &self.host.name]);
        command
    }
}

/// What ssh, or the command over there, wrote before it ended.
async fn last_words(mut errors: ChildStderr) -> String {
    let mut told = Vec::new();
    let read = errors.read_to_end(&mut told);
    // What was read by then is told.
    let _ = timeout(LAST_WORDS, read).await;
    String::from_utf8_lossy(&told).into_owned()
}
