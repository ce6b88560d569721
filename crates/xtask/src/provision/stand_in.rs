//! Images built here in place of upstream ones that cannot be pulled.
//!
//! Each has its sources in `crates/xtask/images/NAME` and says in its labels what it is. An image
//! of the same name that somebody pulled is never replaced.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::bounded;
use super::digest::Digest;
use super::places::Places;

/// The label with the digest of what a stand-in was built from.
pub(crate) const LABEL: &str = "dev.shipway.stand-in";
const DESCRIPTION: &str = "org.opencontainers.image.description";

const ASKING: Duration = Duration::from_secs(20);
/// RabbitMQ comes with all of Erlang.
const BUILDING: Duration = Duration::from_secs(600);

/// An upstream image and the folder with our sources for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StandIn {
    pub(crate) image: &'static str,
    folder: &'static str,
}

/// One for each image that the storefront names.
pub(crate) const ALL: &[StandIn] = &[
    // The slowest first, because they are built side by side.
    StandIn::new("rabbitmq:4", "rabbitmq"),
    StandIn::new("postgres:17.2", "postgres"),
    StandIn::new("python:3.13-slim", "python"),
    StandIn::new("adminer:4.8.1", "adminer"),
    StandIn::new("mailhog/mailhog:v1.0.1", "mailhog"),
    StandIn::new("memcached:1.6", "memcached"),
];

/// What the engine has under an image's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Present {
    Nothing,
    /// Pulled, or built by somebody else.
    Upstream,
    /// Ours, from what we would build it from now.
    Current,
    /// Ours, from something else.
    Stale,
}

// === impl StandIn ===

impl StandIn {
    const fn new(image: &'static str, folder: &'static str) -> Self {
        Self { image, folder }
    }

    /// The digest of what it is built from.
    pub(super) fn digest(&self, sources: &Path, base: &str) -> Result<String> {
        let digest = Digest::default().with(base).with(self.image);
        Ok(digest.with_folder(&sources.join(self.folder))?.finish())
    }

    /// Asks the engine. `digest` is that of what it would be built from.
    pub(super) fn observe(&self, digest: &str) -> Present {
        let mut command = Command::new("docker");
        let format = format!("label={{{{index .Config.Labels \"{LABEL}\"}}}}");
        command.args(["image", "inspect", "--format", &format, self.image]);
        classify(
            bounded::capture(&mut command, ASKING).ok().as_deref(),
            digest,
        )
    }

    pub(super) fn build(&self, places: &Places, sources: &Path, base: &str) -> Result<()> {
        let digest = self.digest(sources, base)?;
        let folder = sources.join(self.folder);
        if !folder.join("Dockerfile").is_file() {
            bail!("`{}` has no Dockerfile", folder.display());
        }
        bounded::run(
            &mut self.build_command(&folder, base, &digest),
            BUILDING,
            &places.log(&format!("image-{}", self.folder)),
        )
    }

    fn build_command(&self, folder: &Path, base: &str, digest: &str) -> Command {
        let image = self.image;
        let mut command = Command::new("docker");
        command
            .args(["build", "--progress", "plain", "--pull=false"])
            .args(["--tag", image])
            .args(["--build-arg", &format!("BASE={base}")])
            .args(["--label", &format!("{LABEL}={digest}")])
            .args([
                "--label",
                &format!("{DESCRIPTION}=stand-in for {image}, made of Debian packages for tests"),
            ])
            .arg(folder)
            // The engine's own builder is the one that knows the images it has.
            .env("DOCKER_BUILDKIT", "1")
            .env("BUILDX_BUILDER", "default");
        command
    }
}

/// Where the sources of all stand-ins are.
pub(crate) fn sources(workspace: &Path) -> PathBuf {
    workspace.join("crates/xtask/images")
}

fn classify(inspected: Option<&str>, digest: &str) -> Present {
    match inspected.map(|text| text.trim_start_matches("label=")) {
        None => Present::Nothing,
        Some("" | "<no value>") => Present::Upstream,
        Some(label) if label == digest => Present::Current,
        Some(_) => Present::Stale,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::program::render;
    use crate::workspace::Workspace;

    #[test]
    fn an_image_of_somebody_else_is_told_from_ours() {
        assert_eq!(classify(None, "one"), Present::Nothing);
        assert_eq!(classify(Some("label="), "one"), Present::Upstream);
        assert_eq!(classify(Some("label=<no value>"), "one"), Present::Upstream);
        assert_eq!(classify(Some("label=one"), "one"), Present::Current);
        assert_eq!(classify(Some("label=two"), "one"), Present::Stale);
    }

    #[test]
    fn an_image_says_that_it_is_a_stand_in() {
        let stand_in = StandIn::new("postgres:17.2", "postgres");
        let command = stand_in.build_command(Path::new("/images/postgres"), "base:1", "abc");
        assert_eq!(
            render(&command),
            "docker build --progress plain --pull=false --tag postgres:17.2 \
             --build-arg BASE=base:1 --label dev.shipway.stand-in=abc \
             --label org.opencontainers.image.description=stand-in for postgres:17.2, \
             made of Debian packages for tests /images/postgres"
        );
    }

    /// The images that the storefront's files name, without those that it builds itself.
    fn named(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name == "Dockerfile" || name.starts_with("docker-compose") {
                let text = fs::read_to_string(&path).unwrap();
                let words = text.lines().filter_map(|line| {
                    let line = line.trim();
                    let rest = line
                        .strip_prefix("FROM ")
                        .or(line.strip_prefix("image: "))?;
                    rest.split(' ').next()
                });
                // A stage has no tag, and our own image is named by variables.
                found.extend(
                    words
                        .filter(|word| word.contains(':') && !word.contains('$'))
                        .map(str::to_owned),
                );
            }
        }
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn every_image_of_the_storefront_has_a_stand_in_and_no_other() {
        let workspace = Workspace::load().unwrap();
        let mut ours: Vec<&str> = ALL.iter().map(|stand_in| stand_in.image).collect();
        ours.sort_unstable();
        assert_eq!(ours, named(&workspace.storefront()));
        for stand_in in ALL {
            let folder = sources(workspace.root()).join(stand_in.folder);
            assert!(folder.join("Dockerfile").is_file(), "{}", folder.display());
        }
    }
}
