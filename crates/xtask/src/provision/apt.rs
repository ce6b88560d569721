//! Apt beside the machine's own: other sources, other state, no root.

use std::path::Path;
use std::process::Command;

/// What apt reads after the machine's configuration, so that proxies and the like hold here, too.
pub(super) fn render_configuration(directory: &Path) -> String {
    let path = |name: &str| directory.join(name).display().to_string();
    let set = [
        ("Dir::Etc::sourcelist", path("tools.sources")),
        ("Dir::Etc::sourceparts", "-".to_owned()),
        // Pins and a default release are meant for what the machine installs.
        ("Dir::Etc::preferences", "-".to_owned()),
        ("Dir::Etc::preferencesparts", "-".to_owned()),
        ("APT::Default-Release", String::new()),
        ("Dir::State", path("state")),
        ("Dir::Cache", path("cache")),
        // Apt as root would fetch as another user, who may not write here.
        ("APT::Sandbox::User", String::new()),
        ("Acquire::Languages", "none".to_owned()),
        ("Acquire::Retries", "2".to_owned()),
        ("Acquire::http::Timeout", "20".to_owned()),
        ("Acquire::https::Timeout", "20".to_owned()),
    ];
    // What the machine does after an update is not for ours.
    let cleared = "#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n";
    set.iter().fold(cleared.to_owned(), |text, (name, value)| {
        format!("{text}{name} \"{value}\";\n")
    })
}

/// Fetches the lists of packages.
pub(super) fn update(directory: &Path) -> Command {
    let mut command = apt_get(directory);
    command.args(["update", "--error-on=any"]);
    command
}

/// Downloads packages to the directory that it runs in, and installs nothing.
pub(super) fn download(directory: &Path, into: &Path, packages: &[&str]) -> Command {
    let mut command = apt_get(directory);
    command.arg("download").args(packages).current_dir(into);
    command
}

/// Unpacks a package without running any of its scripts.
pub(super) fn unpack(package: &Path, into: &Path) -> Command {
    let mut command = Command::new("dpkg-deb");
    command.arg("--extract").args([package, into]);
    command
}

fn apt_get(directory: &Path) -> Command {
    let mut command = Command::new("apt-get");
    command
        .arg("--quiet=2")
        .arg(format!(
            "--config-file={}",
            directory.join("apt.conf").display()
        ))
        .env("LC_ALL", "C.UTF-8");
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::render;

    #[test]
    fn apt_reads_and_writes_only_in_its_own_directory() {
        let text = render_configuration(Path::new("/cache/apt"));
        for line in [
            "Dir::Etc::sourcelist \"/cache/apt/tools.sources\";",
            "Dir::Etc::sourceparts \"-\";",
            "Dir::State \"/cache/apt/state\";",
            "Dir::Cache \"/cache/apt/cache\";",
            "#clear APT::Update::Post-Invoke;",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
    }

    #[test]
    fn packages_are_fetched_and_unpacked_but_not_installed() {
        let directory = Path::new("/cache/apt");
        let command = download(directory, Path::new("/cache/new"), &["docker-compose"]);
        assert_eq!(
            render(&command),
            "apt-get --quiet=2 --config-file=/cache/apt/apt.conf download docker-compose"
        );
        assert_eq!(command.get_current_dir(), Some(Path::new("/cache/new")));
        assert_eq!(
            render(&unpack(Path::new("/cache/a.deb"), Path::new("/cache/new"))),
            "dpkg-deb --extract /cache/a.deb /cache/new"
        );
        assert!(render(&update(directory)).ends_with("update --error-on=any"));
    }
}
