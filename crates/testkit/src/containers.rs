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
        let label = format!("label=shipway.project={}", self.project);
        let mut all = words.to_vec();
        all.extend(["--filter", &label]);
        docker(&all).lines().map(str::to_owned).collect()
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        for id in self.found(&["ps", "--all", "--quiet"]) {
            docker(&["rm", "--force", "--volumes", &id]);
        }
        for kind in ["network", "volume"] {
            for id in self.found(&[kind, "ls", "--quiet"]) {
                docker(&[kind, "rm", &id]);
            }
        }
    }
}

fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).output();
    let output = output.expect("the Docker CLI is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
