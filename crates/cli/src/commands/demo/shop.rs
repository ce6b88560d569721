//! The temporary copy of the storefront: files, git history, ports.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::examples::{RELEASES, STOREFRONT};
use crate::error::{CliError, Kind, Result};

/// What staging and production want of whoever deploys; protects nothing.
const VARIABLES: &str = "SECRET_KEY=known-to-everybody-who-runs-the-demo-of-shipway-0123456789
POSTGRES_PASSWORD=known-to-everybody
RABBITMQ_PASSWORD=known-to-everybody
";

/// What runs the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Processes of this host, with SQLite and without a broker.
    Processes,
    /// Containers, with PostgreSQL, memcached and RabbitMQ.
    Containers,
}

impl Form {
    /// The pipeline. Short limits: a demo is watched.
    fn configuration(self) -> &'static str {
        match self {
            Self::Processes => include_str!("shipway.yml"),
            Self::Containers => include_str!("shipway.engine.yml"),
        }
    }

    /// What differs from the storefront's own environments: no TLS in front, little memory.
    fn overlay(self) -> &'static str {
        match self {
            Self::Processes => include_str!("docker-compose.demo.yml"),
            Self::Containers => include_str!("docker-compose.engine.yml"),
        }
    }
}

/// The environments in the order of the pipeline.
pub(super) const ENVIRONMENTS: [&str; 4] = ["development", "testing", "staging", "production"];

/// A copy of the storefront in a directory of its own.
pub(super) struct Shop {
    form: Form,
    root: PathBuf,
    ports: [u16; 4],
}

impl Shop {
    /// Makes the copy and its git history: v1, v2 on it, v3 and v4 on v2.
    pub(super) fn set_up(form: Form) -> Result<Self> {
        let root = tempfile::Builder::new().prefix("shipway-demo-").tempdir()?;
        let shop = Self {
            form,
            ports: free_ports()?,
            root: root.path().to_owned(),
        };
        for (path, content) in STOREFRONT {
            write(&shop.project().join(path), content)?;
        }
        // Containers of several demos share one engine.
        let unique = std::process::id().to_string();
        let mut configuration = form.configuration().replace("{unique}", &unique);
        for (name, port) in shop.ports() {
            configuration = configuration.replace(&format!("{{{name}}}"), &port.to_string());
        }
        write(
            &shop.project().join("shipway.yml"),
            configuration.as_bytes(),
        )?;
        write(
            &shop.project().join("docker-compose.demo.yml"),
            form.overlay().as_bytes(),
        )?;
        write(&shop.project().join(".env.demo"), VARIABLES.as_bytes())?;
        shop.make_history()?;
        // From here on it is for `ending` to remove.
        let _ = root.keep();
        Ok(shop)
    }

    /// What runs it.
    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// Everything of the demo.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The project.
    pub(super) fn project(&self) -> PathBuf {
        project_in(&self.root)
    }

    /// The proxy's directory.
    pub(super) fn proxy(&self) -> PathBuf {
        proxy_in(&self.root)
    }

    /// Where each environment takes requests.
    pub(super) fn ports(&self) -> impl Iterator<Item = (&'static str, u16)> {
        ENVIRONMENTS.into_iter().zip(self.ports)
    }

    pub(super) fn port(&self, environment: &str) -> u16 {
        let found = self.ports().find(|(name, _)| *name == environment);
        found.map_or(0, |(_, port)| port)
    }

    /// This program, as a user would start it in the project.
    pub(super) fn shipway(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(arguments)
            .arg("--proxy-dir")
            .arg(self.proxy())
            .current_dir(self.project())
            .env_remove("SHIPWAY_STATE")
            .env_remove("SHIPWAY_AGE_IDENTITY")
            // The user's own identity is none of a demo's business.
            .env(
                "SHIPWAY_AGE_IDENTITY_FILE",
                self.root.join("age-identity.txt"),
            )
            .stdin(Stdio::null());
        Ok(command)
    }

    fn make_history(&self) -> Result<()> {
        self.git(&["init", "--quiet", "--initial-branch", "main"])?;
        self.commit("v1: the shop")?;
        self.git(&["tag", "v1"])?;
        self.patch("v2", "v2: products show their origin")?;
        for name in ["v3", "v4"] {
            self.git(&[
                "checkout",
                "--quiet",
                "-b",
                &format!("feature/{name}"),
                "v2",
            ])?;
            let subject = if name == "v3" {
                "v3: bestsellers (its migration was forgotten)"
            } else {
                "v4: a limit on requests in flight (which leaks)"
            };
            self.patch(name, subject)?;
        }
        self.git(&["checkout", "--quiet", "main"])
    }

    fn patch(&self, name: &str, subject: &str) -> Result<()> {
        let file = format!("{name}.patch");
        let content = RELEASES
            .iter()
            .find(|(path, _)| *path == file)
            .map(|(_, content)| *content)
            .unwrap_or_default();
        let path = self.root.join(&file);
        write(&path, content)?;
        self.git(&["apply", &path.display().to_string()])?;
        self.commit(subject)?;
        self.git(&["tag", name])
    }

    fn commit(&self, subject: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", subject])
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=Shipway demo",
                "-c",
                "user.email=demo@localhost",
                "-c",
                "commit.gpgsign=false",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(arguments)
            .current_dir(self.project())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| {
                CliError::new(Kind::Failed, format!("cannot run git: {error}"))
                    .hint("install git: releases are made from commits")
            })?;
        if output.status.success() {
            return Ok(());
        }
        Err(CliError::new(
            Kind::Failed,
            format!(
                "git {} failed: {}",
                arguments.first().unwrap_or(&""),
                String::from_utf8_lossy(&output.stderr).trim()
            ),
        ))
    }
}

/// The project of the demo in a directory.
pub(super) fn project_in(root: &Path) -> PathBuf {
    root.join("shop")
}

/// The proxy's directory of the demo in a directory.
pub(super) fn proxy_in(root: &Path) -> PathBuf {
    root.join("proxy")
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    Ok(std::fs::write(path, content)?)
}

/// Four ports that nobody uses; all are held until all are found, so that they differ.
fn free_ports() -> Result<[u16; 4]> {
    let listeners: Vec<TcpListener> = (0..4)
        .map(|_| TcpListener::bind(("127.0.0.1", 0)))
        .collect::<std::io::Result<_>>()?;
    let mut ports = [0; 4];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
