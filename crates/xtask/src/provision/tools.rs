//! Compose v2, buildx and a registry: fetched as packages and unpacked beside the machine's own
//! programs, without root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::bounded;
use super::places::Places;
use super::release::Release;
use super::{apt, sources};

/// A list of packages is about 10 MB, and the packages 30 MB.
const FETCHING: Duration = Duration::from_secs(180);
const UNPACKING: Duration = Duration::from_secs(60);
/// A program that says its version; the first start reads it from the disk.
const SAYING: Duration = Duration::from_secs(20);

/// Where Docker's command line looks for its plugins, below the user's own directory.
const PLUGINS: [&str; 4] = [
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
];

/// Fetches the tools unless they are there.
pub(crate) fn provide(places: &Places) -> Result<()> {
    let _lock = places.lock("tools")?;
    if places.compose().is_file() {
        return Ok(());
    }
    println!("fetching Compose v2, buildx and a registry as packages");
    let release = Release::of_this_machine()?;
    fetch(places, &release).context("cannot fetch Compose v2")
}

/// Compose v2: our own, else the machine's.
///
/// Ours first, because tests compare with what a certain version answers.
pub(crate) fn find_compose(places: &Places) -> Option<PathBuf> {
    let own = std::env::home_dir().map(|home| home.join(".docker/cli-plugins"));
    std::iter::once(places.compose())
        .chain(
            own.into_iter()
                .chain(PLUGINS.map(PathBuf::from))
                .map(|folder| folder.join("docker-compose")),
        )
        .find(|path| version(path).is_some())
}

/// What Compose says its version is, without a daemon.
pub(crate) fn version(compose: &Path) -> Option<String> {
    if !compose.is_file() {
        return None;
    }
    bounded::capture(Command::new(compose).args(["version", "--short"]), SAYING).ok()
}

fn fetch(places: &Places, release: &Release) -> Result<()> {
    let apt = places.apt();
    let log = places.log("tools");
    let selected = sources::select(
        &sources::read(Path::new("/etc/apt"))?,
        &release.codename,
        release.suite_of_tools()?,
    )?;
    for folder in ["state/lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.join(folder)).context("cannot make apt's directories")?;
    }
    fs::write(apt.join("tools.sources"), sources::render(&selected))
        .and_then(|()| fs::write(apt.join("apt.conf"), apt::render_configuration(&apt)))
        .context("cannot write apt's configuration")?;
    bounded::run(&mut apt::update(&apt), FETCHING, &log)?;

    // Whole or not at all: the directory gets its name when everything is in it.
    let fetched = tempfile::tempdir_in(places.root()).context("cannot make a directory")?;
    let (packages, unpacked) = (
        fetched.path().join("packages"),
        fetched.path().join("tools"),
    );
    fs::create_dir(&packages).context("cannot make a directory")?;
    let names = release.packages_of_tools();
    bounded::run(&mut apt::download(&apt, &packages, &names), FETCHING, &log)?;
    for entry in fs::read_dir(&packages).context("cannot read what was fetched")? {
        let package = entry.context("cannot read what was fetched")?.path();
        bounded::run(&mut apt::unpack(&package, &unpacked), UNPACKING, &log)?;
    }
    if places.tools().exists() {
        fs::remove_dir_all(places.tools()).context("cannot remove the old tools")?;
    }
    fs::rename(&unpacked, places.tools()).context("cannot keep the tools")
}
