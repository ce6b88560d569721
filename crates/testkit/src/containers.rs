//! What a test made on a Docker Engine, removed with the test.

use std::process::Command;

/// The containers, networks and volumes of one project of a test's own.
///
/// A test that is killed leaves them; they are labelled with the project.
#[derive(Debug)]
pub(crate) struct Containers {
    project: String,
}

// === impl Containers ===

impl Containers {
    pub(crate) fn of(project: &str) -> Self {
        Self {
            project: project.to_owned(),
        }
    }

    /// The names of the containers that exist, running or not.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = self.found(&["ps", "--all", "--format", "{{.Names}}"]);
        names.sort();
        names
    }

    fn found(&self, words: &[&str]) -> Vec<String> {
        labelled(words, &format!("shipway.project={}", self.project))
    }

    /// The name of the Compose project that a test runs without Shipway.
    pub(crate) fn older(&self) -> String {
        format!("{}old", self.project)
    }
}

/// What the engine lists that has a label.
fn labelled(words: &[&str], label: &str) -> Vec<String> {
    let label = format!("label={label}");
    let mut all = words.to_vec();
    all.extend(["--filter", &label]);
    docker(&all).lines().map(str::to_owned).collect()
}

impl Drop for Containers {
    fn drop(&mut self) {
        let ours = format!("shipway.project={}", self.project);
        let older = format!("com.docker.compose.project={}", self.older());
        for label in [&ours, &older] {
            for id in labelled(&["ps", "--all", "--quiet"], label) {
                docker(&["rm", "--force", "--volumes", &id]);
            }
        }
        for label in [&ours, &older] {
            for kind in ["network", "volume"] {
                for id in labelled(&[kind, "ls", "--quiet"], label) {
                    docker(&[kind, "rm", &id]);
                }
            }
        }
    }
}

/// What the Docker CLI prints for these words.
///
/// # Panics
/// When there is none.
pub fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).output();
    let output = output.expect("the Docker CLI is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
