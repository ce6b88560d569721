//! Packages that are installed on the machine itself, as root.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::bounded;
use super::places::Places;
use super::quiet;
use super::release::Release;

/// Fetching and unpacking the engine is about 80 MB.
const INSTALLING: Duration = Duration::from_secs(600);
const UPDATING: Duration = Duration::from_secs(180);

/// A program that is needed, and the packages that bring it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    pub(super) program: &'static str,
    pub(super) packages: &'static [&'static str],
}

/// The engine. `iptables` is only recommended by its package, and without it no container has a
/// network.
pub(super) const ENGINE: Need = Need {
    program: "dockerd",
    packages: &["docker.io", "iptables"],
};
/// Docker's command line, which newer releases have in a package of its own.
pub(super) const COMMAND_LINE: Need = Need {
    program: "docker",
    packages: &["docker.io", "docker-cli"],
};
/// What the images' common base is made with.
pub(super) const BOOTSTRAP: Need = Need {
    program: "debootstrap",
    packages: &["debootstrap"],
};
/// What tests use of the machine itself.
pub(super) const NEEDS: &[Need] = &[
    // PostgreSQL's client tools, and a server for tests that start one of their own.
    Need {
        program: "pg_ctlcluster",
        packages: &["postgresql"],
    },
    // The network of an engine that a test starts beside the machine's.
    Need {
        program: "ip",
        packages: &["iproute2"],
    },
    // The other host of deployments by ssh, which a test starts on an address of this machine.
    Need {
        program: "sshd",
        packages: &["openssh-server"],
    },
    Need {
        program: "ssh",
        packages: &["openssh-client"],
    },
    // All programs of a small image in one, which needs nothing else.
    Need {
        program: "busybox",
        packages: &["busybox-static"],
    },
];

/// Installs the packages of the programs that are missing.
pub(super) fn provide(places: &Places, needs: &[Need]) -> Result<()> {
    let missing: Vec<Need> = needs
        .iter()
        .filter(|need| find(need.program).is_none())
        .copied()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.program).collect();
    if !is_root() {
        bail!("missing: {}; only root can install them", names.join(", "));
    }
    let release = Release::of_this_machine()?;
    let packages = packages(&missing, &release);
    println!("installing {}", packages.join(" "));
    let log = places.log("packages");
    let _quiet = quiet::Services::keep_off()?;
    bounded::run(&mut update(), UPDATING, &log)
        .and_then(|()| bounded::run(&mut install(&packages), INSTALLING, &log))
        .with_context(|| format!("cannot install {}", packages.join(" ")))
}

/// Where a program stands. Root's tools are looked for as well, which are in nobody else's path.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether systemd looks after the machine's services.
pub(super) fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

fn packages(missing: &[Need], release: &Release) -> Vec<&'static str> {
    let mut names: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.packages)
        .copied()
        .filter(|name| *name != "docker-cli" || release.has_command_line_apart())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn update() -> Command {
    let mut command = apt_get();
    // A source that does not answer may be one that we need nothing from.
    command.arg("update");
    command
}

fn install(packages: &[&str]) -> Command {
    let mut command = apt_get();
    command
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages)
        .env("NEEDRESTART_SUSPEND", "1");
    command
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        // Whoever installs at this moment is waited for.
        .args(["--quiet=2", "--option=DPkg::Lock::Timeout=120"])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C.UTF-8");
    command
}

#[cfg(test)]
mod tests {
    use super::super::release::Family;
    use super::*;
    use crate::program::render;

    fn debian(codename: &str) -> Release {
        Release {
            family: Family::Debian,
            codename: codename.to_owned(),
        }
    }

    #[test]
    fn each_package_is_installed_once_and_only_where_it_exists() {
        let missing = [ENGINE, COMMAND_LINE, BOOTSTRAP];
        assert_eq!(
            packages(&missing, &debian("bookworm")),
            ["debootstrap", "docker.io", "iptables"]
        );
        assert_eq!(
            packages(&missing, &debian("trixie")),
            ["debootstrap", "docker-cli", "docker.io", "iptables"]
        );
    }

    #[test]
    fn nothing_is_asked_and_nothing_recommended_is_installed() {
        let command = install(&["docker.io"]);
        assert_eq!(
            render(&command),
            "apt-get --quiet=2 --option=DPkg::Lock::Timeout=120 \
             install --yes --no-install-recommends docker.io"
        );
        assert!(command.get_envs().any(|(name, value)| {
            name == "DEBIAN_FRONTEND" && value.is_some_and(|value| value == "noninteractive")
        }));
    }

    #[test]
    fn programs_are_found_by_name() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-at-all"), None);
    }
}
