//! Where provisioning keeps what it fetched, built and started.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Names another directory, for a machine whose home is small or not writable.
const DIRECTORY: &str = "SHIPWAY_PROVISION_DIR";

/// The directory of everything that provisioning makes.
///
/// It belongs to the user and not to one checkout: an engine, too, is there only once, and fetching
/// the same packages for each clone would cost minutes.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    root: PathBuf,
}

// === impl Places ===

impl Places {
    pub(crate) fn find() -> Result<Self> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let root = choose(
            variable(DIRECTORY).map(PathBuf::from),
            variable("XDG_CACHE_HOME").map(PathBuf::from),
            std::env::home_dir(),
        )
        .with_context(|| format!("there is no home directory; set `{DIRECTORY}`"))?;
        fs::create_dir_all(&root).with_context(|| format!("cannot make `{}`", root.display()))?;
        Ok(Self { root })
    }

    #[cfg(test)]
    pub(super) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Keeps other checkouts from doing the same until the lock is dropped.
    pub(super) fn lock(&self, name: &str) -> Result<File> {
        let path = self.root.join(format!("{name}.lock"));
        let file = File::create(path).context("cannot open a lock")?;
        file.lock().context("cannot take a lock")?;
        Ok(file)
    }

    /// What all programs said.
    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// What the programs of one step said.
    pub(super) fn log(&self, step: &str) -> PathBuf {
        self.logs().join(format!("{step}.log"))
    }

    /// Who a program in the background is.
    pub(super) fn record(&self, name: &str) -> PathBuf {
        self.root.join("run").join(format!("{name}.pid"))
    }

    /// The registry's configuration and what was pushed to it.
    pub(super) fn registry(&self) -> PathBuf {
        self.root.join("registry")
    }

    /// The images' base as an archive.
    pub(super) fn base(&self, digest: &str) -> PathBuf {
        self.root.join("base").join(format!("{digest}.tar"))
    }

    /// Apt's own state, apart from the machine's.
    pub(super) fn apt(&self) -> PathBuf {
        self.root.join("apt")
    }

    /// What the fetched packages hold.
    pub(super) fn tools(&self) -> PathBuf {
        self.root.join("tools")
    }

    /// A program of the fetched packages.
    pub(super) fn tool(&self, name: &str) -> PathBuf {
        self.tools().join("usr/bin").join(name)
    }

    /// The registry's program.
    pub(crate) fn registry_program(&self) -> PathBuf {
        self.tool("docker-registry")
    }

    /// Compose v2, which runs on its own as well as below `docker`.
    pub(crate) fn compose(&self) -> PathBuf {
        self.plugin("docker-compose")
    }

    /// A plugin of Docker's command line.
    pub(super) fn plugin(&self, name: &str) -> PathBuf {
        self.tools()
            .join("usr/libexec/docker/cli-plugins")
            .join(name)
    }
}

fn choose(
    named: Option<PathBuf>,
    cache: Option<PathBuf>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    named.or_else(|| {
        cache
            .or_else(|| home.map(|home| home.join(".cache")))
            .map(|cache| cache.join("shipway-provision"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_directory_wins_over_the_cache_and_that_over_home() {
        let path = |text: &str| Some(PathBuf::from(text));
        let chosen = |named, cache| choose(named, cache, path("/home/me")).unwrap();
        assert_eq!(chosen(path("/x"), path("/c")), Path::new("/x"));
        assert_eq!(chosen(None, path("/c")), Path::new("/c/shipway-provision"));
        assert_eq!(
            chosen(None, None),
            Path::new("/home/me/.cache/shipway-provision")
        );
        assert_eq!(choose(None, None, None), None);
    }
}
