//! The real `docker compose config`, bounded in time and memory.
#![expect(
    clippy::disallowed_methods,
    reason = "asking Compose is starting a program; only these tests do"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::answer::Answer;
use super::directory::Directory;
use super::project::{DIRECTORY, Given};

/// The version whose answers the corpus holds. Other versions say other things.
pub(crate) const VERSION: &str = "2.26.1";

/// Where Docker looks for the plugin, below the user's home first.
const PLUGINS: [&str; 5] = [
    ".docker/cli-plugins",
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
];

/// An alias bomb makes Compose take whatever memory there is, so it gets 3 GiB and 20 s.
const BOUNDED: &str = "ulimit -v 3145728 2>&-; exec timeout -k 1 20 \"$0\" \"$@\"";

/// The Compose of this machine.
#[derive(Debug)]
pub(crate) struct Oracle {
    program: PathBuf,
}

// === impl Oracle ===

impl Oracle {
    /// Finds the Compose that `SHIPWAY_COMPOSE` names, or Docker's plugin; says why there is none.
    pub(crate) fn find() -> Result<Self, String> {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let named = std::env::var_os("SHIPWAY_COMPOSE").map(PathBuf::from);
        let plugins = PLUGINS.iter().map(|folder| {
            let base = home.as_deref().unwrap_or(Path::new("/"));
            base.join(folder).join("docker-compose")
        });
        let program = named
            .into_iter()
            .chain(plugins)
            .find(|path| path.is_file())
            .ok_or("there is no Docker Compose here; `cargo xtask provision` installs it")?;
        let output = Command::new(&program)
            .args(["version", "--short"])
            .output()
            .map_err(|error| format!("`{}` does not run: {error}", program.display()))?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        // Debian appends a revision.
        if version.split('-').next() != Some(VERSION) {
            return Err(format!(
                "Compose here is {version}; the answers are those of {VERSION}"
            ));
        }
        Ok(Self { program })
    }

    /// Asks Compose what it makes of a project.
    pub(crate) fn ask(&self, given: &Given) -> Answer {
        let directory = Directory::new();
        let root = directory.path().display().to_string();
        for (name, text) in &given.files {
            directory.write(&format!("{DIRECTORY}/{name}")[1..], text);
        }
        // Where a project has no file of its own, its directory is there all the same.
        directory.write(&format!("{DIRECTORY}/.keep")[1..], "");
        let output = Command::new("sh")
            .args(["-c", BOUNDED])
            .arg(&self.program)
            .args(given.options())
            .arg("config")
            .current_dir(format!("{root}{DIRECTORY}"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(given.environment())
            .stdin(Stdio::null())
            .output()
            .expect("every system has a shell");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&root, "");
        match output.status.code() {
            Some(0) => Answer::Config(text(&output.stdout)),
            code => Answer::Refused(code.unwrap_or(-1), words(&text(&output.stderr))),
        }
    }
}

/// The error of Compose's: neither its warnings nor the trace of a panic.
fn words(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| !line.starts_with("time="))
        .take_while(|line| !line.is_empty())
        .collect();
    format!("{}\n", lines.join("\n"))
}
