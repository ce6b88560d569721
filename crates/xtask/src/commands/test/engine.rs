//! The container engine that some tests need, and what is said where there is none.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::program::output;
use crate::provision::{self, Places, STAND_IN, StandIns};
use crate::workspace::Workspace;

/// Where tests find the registry.
pub(super) const REGISTRY: &str = "SHIPWAY_REGISTRY";

/// Where tests find the program of a registry, to start one of their own.
pub(super) const REGISTRY_PROGRAM: &str = "SHIPWAY_REGISTRY_PROGRAM";

/// How a test says that it needs an engine, or a database server that is provided with it.
const MARK: &str = "#[ignore = \"needs a";

/// What tests have of an engine.
#[derive(Debug)]
pub(super) enum Engine {
    /// It answers, with the storefront's images and a registry beside it.
    Ready { registry: SocketAddr },
    /// It cannot be had.
    Missing { reason: String },
}

/// Provides an engine, or tells why there is none.
pub(super) fn provide(workspace: &Workspace) -> Engine {
    let provided = Places::find()
        .and_then(|places| provision::provide(&places, workspace.root(), StandIns::Auto));
    match provided {
        Ok(registry) => {
            forget_images();
            Engine::Ready { registry }
        }
        Err(error) => Engine::Missing {
            reason: format!("{error:#}"),
        },
    }
}

/// Removes the images that earlier tests built: an engine with a thousand of them is slow.
///
/// They are built by Compose upon a stand-in, which no image but a test's is.
fn forget_images() {
    let mut prune = Command::new("docker");
    prune.args(["image", "prune", "--all", "--force"]);
    for label in [STAND_IN, "com.docker.compose.project"] {
        prune.args(["--filter", &format!("label={label}")]);
    }
    if output(&mut prune).is_none() {
        println!("the images of earlier tests stay: `docker image prune` failed");
    }
}

// === impl Engine ===

impl Engine {
    /// Says loudly which tests are not run, or fails where they must be.
    pub(super) fn check(&self, workspace: &Workspace, is_required: bool) -> Result<()> {
        let Self::Missing { reason } = self else {
            return Ok(());
        };
        let count = count_marks(&workspace.root().join("crates"))?;
        let text = refusal(reason, count);
        if is_required {
            bail!("{text}");
        }
        println!("WARNING: {}", text.replace('\n', "\nWARNING: "));
        Ok(())
    }
}

fn refusal(reason: &str, count: usize) -> String {
    format!(
        "there is no container engine for the tests: {reason}\n\
         not run: {count} tests of the Rust workspace, and the storefront in containers"
    )
}

/// The tests below a folder that need an engine.
fn count_marks(folder: &Path) -> Result<usize> {
    let cannot_read = || format!("cannot read `{}`", folder.display());
    let mut count = 0;
    for entry in fs::read_dir(folder).with_context(cannot_read)? {
        let path = entry.with_context(cannot_read)?.path();
        if path.is_dir() {
            count += count_marks(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).with_context(cannot_read)?;
            count += text
                .lines()
                .filter(|line| line.trim_start().starts_with(MARK))
                .count();
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_run_is_counted() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("tests");
        fs::create_dir(&inner).unwrap();
        let test = format!("{MARK}: x\"]\n#[test]\nfn a() {{}}\n");
        fs::write(inner.join("a.rs"), test.repeat(2)).unwrap();
        fs::write(inner.join("a.md"), test).unwrap();
        assert_eq!(count_marks(directory.path()).unwrap(), 2);
        assert!(refusal("no", 2).contains("not run: 2 tests"));
    }

    #[test]
    fn an_engine_that_must_be_there_and_is_not_is_an_error() {
        let workspace = Workspace::load().unwrap();
        let missing = Engine::Missing {
            reason: "only root can start one".to_owned(),
        };
        let error = missing.check(&workspace, true).unwrap_err().to_string();
        assert!(error.contains("only root can start one"), "{error}");
        assert!(missing.check(&workspace, false).is_ok());
        let registry = SocketAddr::from(([127, 0, 0, 1], 5050));
        assert!(Engine::Ready { registry }.check(&workspace, true).is_ok());
    }
}
