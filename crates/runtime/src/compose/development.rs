//! A Compose application as its files are written: for those who develop it.
//!
//! Nothing is rendered, pinned or coloured. It runs in a project of its own, so that its
//! containers, networks and volumes are never those of a deployed release.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use bollard::query_parameters::ListContainersOptionsBuilder;
use shipway_pipeline::route::RouteKey;

use super::engine::failed;
use super::runtime::ComposeRuntime;
use crate::attached::Attached;
use crate::{Error, Exit, attached};

/// Before the names of projects that are run as written.
const PREFIX: &str = "up_";

/// An application as its files are written.
#[derive(Debug, Clone)]
pub struct Development {
    /// Whose it is.
    pub route: RouteKey,
    /// The project's folder.
    pub directory: PathBuf,
    /// Its Compose files, relative to the folder, later ones over earlier ones.
    pub files: Vec<String>,
    /// Active profiles.
    pub profiles: Vec<String>,
    /// Variables that the files may use.
    pub variables: BTreeMap<String, String>,
}

// === impl Development ===

impl Development {
    /// The name of its Compose project. It has no hyphen, and that of a deployed one always has.
    #[must_use]
    pub fn project(&self) -> String {
        let deployed = self.route.compose_project();
        format!("{PREFIX}{}", deployed.replace('-', "_"))
    }

    /// The words before a verb of Docker Compose.
    fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = ["--ansi", "auto", "--project-directory"]
            .map(str::to_owned)
            .into();
        words.push(self.directory.display().to_string());
        for file in &self.files {
            words.push("--file".to_owned());
            words.push(self.directory.join(file).display().to_string());
        }
        for profile in &self.profiles {
            words.extend(["--profile".to_owned(), profile.clone()]);
        }
        words
    }
}

impl ComposeRuntime {
    /// Builds and starts an application as its files are written, at the caller's standard
    /// streams: until Ctrl-C, or detached.
    ///
    /// After Ctrl-C the answer is whether everything has stopped, which is asked for once more:
    /// Compose 2.26 can panic after it has stopped the last container.
    ///
    /// # Errors
    /// Docker Compose cannot be run.
    pub async fn up(&self, it: &Development, detach: bool, watch: bool) -> Result<Exit, Error> {
        let mut verb = vec!["up", "--build"];
        if detach {
            verb.push("--detach");
        }
        if watch {
            verb.push("--watch");
        }
        let ended = self.call(it, &verb).await?;
        if ended.interrupted && !detach {
            return Ok(self.call(it, &["stop"]).await?.exit);
        }
        Ok(ended.exit)
    }

    /// Stops and removes what [`ComposeRuntime::up`] started; its named volumes only where it is
    /// wanted.
    ///
    /// # Errors
    /// Docker Compose cannot be run.
    pub async fn down(&self, it: &Development, volumes: bool) -> Result<Exit, Error> {
        let mut verb = vec!["down", "--remove-orphans"];
        if volumes {
            verb.push("--volumes");
        }
        Ok(self.call(it, &verb).await?.exit)
    }

    /// Whether containers of it exist.
    ///
    /// # Errors
    /// The engine cannot be asked.
    pub async fn is_up(&self, it: &Development) -> Result<bool, Error> {
        let label = format!("com.docker.compose.project={}", it.project());
        let filters = std::collections::HashMap::from([("label".to_owned(), vec![label])]);
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&filters);
        let found = self.docker()?.list_containers(Some(options.build())).await;
        let found = found.map_err(failed("list the containers of `up`"))?;
        Ok(!found.is_empty())
    }

    /// Whether this Docker Compose takes `up --watch`.
    ///
    /// # Errors
    /// It cannot be run.
    pub async fn can_watch(&self, it: &Development) -> Result<bool, Error> {
        let mut command = self
            .cli()?
            .command("auto", &it.project(), None, &["up", "--help"]);
        let help = command.stdin(Stdio::null()).output().await;
        let help = help.map_err(not_run)?;
        Ok(String::from_utf8_lossy(&help.stdout).contains("--watch"))
    }

    async fn call(&self, it: &Development, verb: &[&str]) -> Result<Attached, Error> {
        let words = it.words();
        let mut all: Vec<&str> = words.iter().map(String::as_str).collect();
        all.extend(verb);
        let mut command = self.cli()?.command("auto", &it.project(), None, &all);
        // The caller's own variables win, as with Compose.
        let files = it.variables.iter().map(|(name, value)| {
            let own = std::env::var_os(name);
            (name, own.unwrap_or_else(|| OsString::from(value)))
        });
        command.envs(files).current_dir(&it.directory);
        attached::run(command).await.map_err(not_run)
    }
}

fn not_run(source: io::Error) -> Error {
    Error::Io {
        action: "run Docker Compose".to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_project_is_no_deployed_one() {
        let it = Development {
            route: RouteKey {
                project: "shop".parse().unwrap(),
                environment: "development".parse().unwrap(),
            },
            directory: "/p".into(),
            files: vec!["a.yml".to_owned(), "b.yml".to_owned()],
            profiles: vec!["debug".to_owned()],
            variables: BTreeMap::new(),
        };
        assert_eq!(it.project(), "up_shop_development");
        assert!(it.route.compose_project().contains('-') && !it.project().contains('-'));
        let words = it.words().join(" ");
        assert_eq!(
            words,
            "--ansi auto --project-directory /p --file /p/a.yml --file /p/b.yml --profile debug"
        );
    }
}
