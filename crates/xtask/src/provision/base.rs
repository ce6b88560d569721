//! The stand-in images' common base: a small Debian that trusts and fetches as this machine does.
//!
//! It is kept as an archive, because making it takes most of a minute.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::digest::Digest;
use super::machine::{Configuration, certificates};
use super::places::Places;
use super::release::{Family, IMAGES, Release, Suite};
use super::{bounded, sources};

/// Sixty megabytes are fetched and unpacked.
const MAKING: Duration = Duration::from_secs(600);
const PACKING: Duration = Duration::from_secs(120);
const ASKING: Duration = Duration::from_secs(20);

/// Raised when what is done to the base changes.
const VERSION: &str = "1";

/// Documentation takes as much room as all programs, and nobody reads it in a container.
const WITHOUT_DOCUMENTATION: &str = "path-exclude /usr/share/doc/*\n\
    path-include /usr/share/doc/*/copyright\n\
    path-exclude /usr/share/info/*\n\
    path-exclude /usr/share/locale/*\n\
    path-exclude /usr/share/man/*\n";

/// What the base is made from.
#[derive(Debug)]
pub(super) struct Base {
    mirror: String,
    configuration: Configuration,
}

// === impl Base ===

impl Base {
    pub(super) fn of_this_machine() -> Result<Self> {
        let release = Release::of_this_machine()?;
        anyhow::ensure!(
            release.family == Family::Debian,
            "stand-in images are made of Debian's packages, and this is Ubuntu; \
             only a container registry can help here"
        );
        let all = sources::read(Path::new("/etc/apt"))?;
        let selected = sources::select(&all, &release.codename, Suite::Other(IMAGES))?;
        let mirror = selected
            .iter()
            .find_map(|source| source.mirrors.first())
            .context("apt's source names no mirror")?
            .clone();
        Ok(Self {
            mirror,
            configuration: Configuration::of_this_machine()?,
        })
    }

    /// Names what it is made from.
    pub(super) fn digest(&self) -> String {
        self.configuration
            .certificates
            .iter()
            .fold(Digest::default().with(VERSION), |digest, certificate| {
                digest.with(certificate)
            })
            .with(IMAGES)
            .with(&self.mirror)
            .with(&self.configuration.apt)
            .with(&self.configuration.pip)
            .finish()
    }

    /// The image's name.
    pub(super) fn image(&self) -> String {
        format!("shipway-stand-in/base:{}", self.digest())
    }

    /// Makes the archive unless it is there.
    pub(super) fn make_archive(&self, places: &Places) -> Result<PathBuf> {
        let archive = places.base(&self.digest());
        if archive.is_file() {
            return Ok(archive);
        }
        println!("making the images' base of Debian `{IMAGES}`");
        let log = places.log("base");
        let directory = tempfile::tempdir_in(places.root()).context("cannot make a directory")?;
        let root = directory.path().join("root");
        bounded::run(&mut debootstrap(&root, &self.mirror), MAKING, &log)?;
        self.configure(&root, &log)?;
        let packed = directory.path().join("base.tar");
        bounded::run(&mut pack(&root, &packed), PACKING, &log)?;
        if let Some(folder) = archive.parent() {
            fs::create_dir_all(folder).context("cannot make the folder of bases")?;
        }
        fs::rename(packed, &archive).context("cannot keep the base")?;
        Ok(archive)
    }

    /// Makes the image unless the engine has it.
    pub(super) fn provide(&self, places: &Places) -> Result<String> {
        let image = self.image();
        let mut inspect = Command::new("docker");
        inspect.args(["image", "inspect", "--format", "{{.Id}}", &image]);
        if bounded::capture(&mut inspect, ASKING).is_err() {
            let archive = self.make_archive(places)?;
            bounded::run(&mut import(&archive, &image), PACKING, &places.log("base"))?;
        }
        Ok(image)
    }

    fn configure(&self, root: &Path, log: &Path) -> Result<()> {
        let known = root.join("etc/ssl/certs/ca-certificates.crt");
        let known = fs::read_to_string(known).context("the base has no certificates")?;
        let known: Vec<&str> = certificates(&known).collect();
        let own = self
            .configuration
            .certificates
            .iter()
            .filter(|certificate| !known.contains(&certificate.as_str()));
        for (number, certificate) in own.enumerate() {
            let name = format!("usr/local/share/ca-certificates/machine-{number}.crt");
            write(root, &name, &format!("{certificate}\n"))?;
        }
        write(
            root,
            "etc/apt/apt.conf.d/90machine",
            &self.configuration.apt,
        )?;
        write(root, "etc/dpkg/dpkg.cfg.d/90small", WITHOUT_DOCUMENTATION)?;
        if !self.configuration.pip.is_empty() {
            write(root, "etc/pip.conf", &self.configuration.pip)?;
        }
        // No service starts while an image is built.
        write(root, "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")?;
        fs::set_permissions(
            root.join("usr/sbin/policy-rc.d"),
            fs::Permissions::from_mode(0o755),
        )
        .context("cannot change a mode in the base")?;
        bounded::run(&mut tidy(root), PACKING, log)
    }
}

/// Whether a base would have to be made first.
pub(super) fn is_missing(places: &Places) -> bool {
    Base::of_this_machine().is_ok_and(|base| !places.base(&base.digest()).is_file())
}

fn debootstrap(root: &Path, mirror: &str) -> Command {
    let mut command = Command::new("debootstrap");
    command
        .args(["--variant=minbase", "--include=ca-certificates", IMAGES])
        .arg(root)
        .arg(mirror)
        .env("LC_ALL", "C.UTF-8");
    command
}

fn tidy(root: &Path) -> Command {
    let mut command = Command::new("chroot");
    command.arg(root).args([
        "/bin/sh",
        "-c",
        "update-ca-certificates && apt-get clean && rm -rf /var/lib/apt/lists/* /var/log/* \
         /var/cache/debconf/*-old /usr/share/doc/* /usr/share/info/* /usr/share/locale/* \
         /usr/share/man/*",
    ]);
    command.env("LC_ALL", "C.UTF-8");
    command
}

fn pack(root: &Path, archive: &Path) -> Command {
    let mut command = Command::new("tar");
    command
        .args(["--create", "--numeric-owner", "--one-file-system", "--file"])
        .arg(archive)
        .arg("--directory")
        .arg(root)
        .arg(".");
    command
}

fn import(archive: &Path, image: &str) -> Command {
    let mut command = Command::new("docker");
    command
        .args(["import", "--change", "CMD [\"bash\"]"])
        .arg(archive)
        .arg(image);
    command
}

fn write(root: &Path, name: &str, content: &str) -> Result<()> {
    let path = root.join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder of `{name}`"))?;
    }
    fs::write(path, content).with_context(|| format!("cannot write `{name}` of the base"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::render;

    fn base(mirror: &str, pip: &str) -> Base {
        Base {
            mirror: mirror.to_owned(),
            configuration: Configuration {
                certificates: vec!["one".to_owned()],
                apt: String::new(),
                pip: pip.to_owned(),
            },
        }
    }

    #[test]
    fn another_mirror_or_configuration_is_another_base() {
        let one = base("http://one.example", "");
        assert_eq!(one.digest(), base("http://one.example", "").digest());
        assert_ne!(one.digest(), base("http://two.example", "").digest());
        assert_ne!(
            one.digest(),
            base("http://one.example", "[global]").digest()
        );
        assert!(one.image().ends_with(&one.digest()));
    }

    #[test]
    fn the_mirror_is_the_machines() {
        assert_eq!(
            render(&debootstrap(
                Path::new("/cache/root"),
                "http://mirror.example/debian"
            )),
            "debootstrap --variant=minbase --include=ca-certificates trixie /cache/root \
             http://mirror.example/debian"
        );
    }

    #[test]
    fn an_archive_holds_the_root_itself() {
        assert_eq!(
            render(&pack(
                Path::new("/cache/root"),
                Path::new("/cache/base.tar")
            )),
            "tar --create --numeric-owner --one-file-system --file /cache/base.tar \
             --directory /cache/root ."
        );
        assert_eq!(
            render(&import(Path::new("/cache/base.tar"), "base:1")),
            "docker import --change CMD [\"bash\"] /cache/base.tar base:1"
        );
    }

    #[test]
    fn what_the_image_does_not_know_already_is_written_into_it() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "etc/pip.conf", "[global]\n").unwrap();
        let text = fs::read_to_string(directory.path().join("etc/pip.conf")).unwrap();
        assert_eq!(text, "[global]\n");
    }
}
