//! Which release of Debian or Ubuntu this is, and which one has what we need.

use std::fs;

use anyhow::{Context, Result, bail};

/// A release of the operating system, as `/etc/os-release` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) family: Family,
    /// Its name in apt's sources.
    pub(super) codename: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Debian,
    Ubuntu,
}

/// The release whose packages are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suite {
    /// The machine's own one, with its updates.
    Own,
    /// Another one of the same family, which the same mirror has.
    Other(&'static str),
}

/// The release that the stand-in images are made of: the first one with PostgreSQL 17, RabbitMQ 4
/// and Python 3.13. Also the first one of Debian with Compose v2.
pub(super) const IMAGES: &str = "trixie";

/// Debian's releases whose C library is new enough for the next one's tools (2.34), but which have
/// no Compose v2 themselves.
const WITHOUT_COMPOSE: &[&str] = &["bookworm"];
/// Debian's releases that are too old for either.
const TOO_OLD: &[&str] = &["buster", "bullseye"];

// === impl Release ===

impl Release {
    pub(super) fn of_this_machine() -> Result<Self> {
        let text =
            fs::read_to_string("/etc/os-release").context("cannot read `/etc/os-release`")?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .map(|value| value.trim_matches(['"', '\'']))
        };
        let family = match value("ID") {
            Some("debian") => Family::Debian,
            Some("ubuntu") => Family::Ubuntu,
            other => bail!(
                "this is `{}`; only Debian and Ubuntu can be provisioned",
                other.unwrap_or("no known system")
            ),
        };
        let codename = value("VERSION_CODENAME")
            .context("`/etc/os-release` names no `VERSION_CODENAME`")?
            .to_owned();
        Ok(Self { family, codename })
    }

    /// Where Compose v2, buildx and the registry come from.
    pub(super) fn suite_of_tools(&self) -> Result<Suite> {
        let is_in = |list: &[&str]| list.contains(&self.codename.as_str());
        match self.family {
            Family::Debian if is_in(TOO_OLD) => bail!(
                "Debian `{}` is too old for Compose v2; `bookworm` or newer is needed",
                self.codename
            ),
            Family::Debian if is_in(WITHOUT_COMPOSE) => Ok(Suite::Other(IMAGES)),
            Family::Debian | Family::Ubuntu => Ok(Suite::Own),
        }
    }

    /// Whether Docker's command line is a package apart from the engine's.
    pub(super) fn has_command_line_apart(&self) -> bool {
        self.family == Family::Debian && !WITHOUT_COMPOSE.contains(&self.codename.as_str())
    }

    /// The packages with Compose v2, buildx and a registry.
    pub(super) fn packages_of_tools(&self) -> [&'static str; 3] {
        let compose = match self.family {
            Family::Debian => "docker-compose",
            // Ubuntu's `docker-compose` is still version 1.
            Family::Ubuntu => "docker-compose-v2",
        };
        [compose, "docker-buildx", "docker-registry"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOKWORM: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n\
        VERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";

    fn release(family: Family, codename: &str) -> Release {
        Release {
            family,
            codename: codename.to_owned(),
        }
    }

    #[test]
    fn a_release_is_read_from_what_the_system_says() {
        let parsed = Release::parse(BOOKWORM).unwrap();
        assert_eq!(parsed, release(Family::Debian, "bookworm"));
        let quoted = "ID='ubuntu'\nVERSION_CODENAME=\"noble\"\n";
        assert_eq!(
            Release::parse(quoted).unwrap(),
            release(Family::Ubuntu, "noble")
        );
    }

    #[test]
    fn other_systems_are_refused_by_name() {
        let error = Release::parse("ID=fedora\nVERSION_CODENAME=x\n").unwrap_err();
        assert!(error.to_string().contains("`fedora`"), "{error}");
        assert!(Release::parse("ID=debian\n").is_err());
    }

    #[test]
    fn tools_come_from_the_next_release_only_where_ours_has_none() {
        let suite = |family, codename| release(family, codename).suite_of_tools();
        assert_eq!(
            suite(Family::Debian, "bookworm").unwrap(),
            Suite::Other("trixie")
        );
        assert_eq!(suite(Family::Debian, "trixie").unwrap(), Suite::Own);
        assert_eq!(suite(Family::Ubuntu, "noble").unwrap(), Suite::Own);
        assert!(suite(Family::Debian, "bullseye").is_err());
    }

    #[test]
    fn ubuntu_has_compose_under_another_name() {
        let packages = |family| release(family, "any").packages_of_tools()[0];
        assert_eq!(packages(Family::Debian), "docker-compose");
        assert_eq!(packages(Family::Ubuntu), "docker-compose-v2");
    }
}
