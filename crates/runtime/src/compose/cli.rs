//! How Docker Compose is called.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::lines::{LastLines, Splitter};
use crate::{Line, Output};

/// Lines of each stream that explain a failure.
const LAST_LINES: usize = 20;

/// The program that is Docker Compose, version 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cli {
    program: PathBuf,
    leading: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
}

/// Why a call did not do what it was to do.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) last_lines: Vec<String>,
}

// === impl Cli ===

impl Cli {
    /// Compose as the Docker CLI's plugin: `docker compose`.
    #[must_use]
    pub fn docker() -> Self {
        Self {
            program: "docker".into(),
            leading: vec!["compose".into()],
            variables: Vec::new(),
        }
    }

    /// Compose as a program of its own, such as the plugin's file.
    #[must_use]
    pub fn plugin(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            leading: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// Sets a variable for every call, such as `DOCKER_HOST`.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Makes the words of a call for a project.
    fn words(
        &self,
        progress: &str,
        project: &str,
        file: Option<&Path>,
        words: &[&str],
    ) -> Vec<OsString> {
        let mut all = self.leading.clone();
        all.extend(["--ansi", "never", "--progress", progress].map(OsString::from));
        all.extend(["--project-name".into(), project.into()]);
        if let Some(file) = file {
            all.extend(["--file".into(), file.into()]);
        }
        all.extend(words.iter().map(OsString::from));
        all
    }

    /// Makes a call for a project, at the caller's standard streams.
    pub(super) fn command(
        &self,
        progress: &str,
        project: &str,
        file: Option<&Path>,
        words: &[&str],
    ) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(self.words(progress, project, file, words))
            // One project file holds one slot; what else runs under the name is no orphan.
            .env("COMPOSE_IGNORE_ORPHANS", "true")
            // The file is complete: nothing of the caller's may change it.
            .env("COMPOSE_DISABLE_ENV_FILE", "true")
            .env_remove("COMPOSE_FILE")
            .env_remove("COMPOSE_PROFILES")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Calls Compose for a project, to its end. It is killed when the caller stops waiting.
    pub(super) async fn call(
        &self,
        project: &str,
        file: &Path,
        words: &[&str],
        output: Option<Output<'_>>,
    ) -> Result<(), Failure> {
        let mut command = self.command("plain", project, Some(file), words);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let not_run = |error: std::io::Error| Failure {
            reason: format!("cannot run `{}`: {error}", self.program.display()),
            last_lines: Vec::new(),
        };
        let mut child = command.spawn().map_err(not_run)?;
        let (sender, receiver) = mpsc::unbounded_channel();
        let out = read(child.stdout.take(), false, sender.clone());
        let err = read(child.stderr.take(), true, sender);
        let ((), (), last, status) =
            tokio::join!(out, err, collect(receiver, output), child.wait());
        let status = status.map_err(not_run)?;
        if status.success() {
            return Ok(());
        }
        let last_lines = last.into_texts();
        Err(Failure {
            reason: why(&last_lines).map_or_else(
                || format!("docker compose ended with {status}"),
                str::to_owned,
            ),
            last_lines,
        })
    }
}

/// Reads a stream to its end, line by line.
async fn read(
    stream: Option<impl AsyncRead + Unpin>,
    is_error: bool,
    lines: mpsc::UnboundedSender<Line>,
) {
    let Some(mut stream) = stream else { return };
    let mut splitter = Splitter::default();
    let mut buffer = [0; 8 * 1024];
    // A stream that cannot be read any more is at its end.
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        for text in splitter.push(&buffer[..count]) {
            let _ = lines.send(Line { text, is_error });
        }
    }
    if let Some(text) = splitter.finish() {
        let _ = lines.send(Line { text, is_error });
    }
}

/// Passes lines on and keeps the last of them.
async fn collect(
    mut lines: mpsc::UnboundedReceiver<Line>,
    output: Option<Output<'_>>,
) -> LastLines {
    let mut last = LastLines::new(LAST_LINES);
    while let Some(line) = lines.recv().await {
        if let Some(output) = output {
            // Nobody listens any more: the call goes on.
            let _ = output.send(line.clone());
        }
        last.push(line);
    }
    last
}

/// Finds the line that says what went wrong: the last one, without the words before the reason.
fn why(lines: &[String]) -> Option<&str> {
    let line = lines
        .iter()
        .rev()
        .map(|line| line.trim())
        .find(|line| !line.is_empty())?;
    Some(
        line.strip_prefix("Error response from daemon: ")
            .unwrap_or(line),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_about_one_project_and_one_file() {
        let words = Cli::docker().words(
            "plain",
            "shop-testing-blue",
            Some(Path::new("/s/c.yml")),
            &["up"],
        );
        assert_eq!(
            words,
            [
                "compose",
                "--ansi",
                "never",
                "--progress",
                "plain",
                "--project-name",
                "shop-testing-blue",
                "--file",
                "/s/c.yml",
                "up",
            ]
        );
        let plugin = Cli::plugin("/x/docker-compose");
        assert_eq!(plugin.words("plain", "p", None, &[])[0], "--ansi");
    }

    #[test]
    fn the_last_line_is_the_reason() {
        let lines = |texts: &[&str]| texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>();
        let said = lines(&["Pulling", "Error response from daemon: no such image", ""]);
        assert_eq!(why(&said), Some("no such image"));
        assert_eq!(why(&[]), None);
    }

    #[tokio::test]
    async fn output_is_passed_on_and_a_failure_told() {
        let shell = Cli {
            program: "sh".into(),
            leading: vec!["-c".into(), "echo one; echo two >&2; exit 3".into()],
            variables: Vec::new(),
        };
        let (sender, mut lines) = mpsc::unbounded_channel();
        let failure = shell
            .call("p", Path::new("f"), &[], Some(&sender))
            .await
            .unwrap_err();
        assert_eq!(failure.last_lines.len(), 2);
        assert!(lines.try_recv().is_ok() && lines.try_recv().is_ok());
        let missing = Cli::plugin("/no/such/program");
        let failure = missing
            .call("p", Path::new("f"), &[], None)
            .await
            .unwrap_err();
        assert!(failure.reason.contains("/no/such/program"));
    }
}
