//! Where images are kept, and what they are built for.

use super::Checker;
use crate::config::Registry;
use crate::config::error::problem;
use crate::config::raw::{self, PlatformText, RepositoryText};
use crate::config::tree::Placed;

/// As long as registries take; the service's name and a digest come on top.
const LONGEST: usize = 150;

impl Checker {
    pub(super) fn registry(&mut self, raw: raw::Registry) -> Registry {
        Registry {
            repository: self.repository(raw.repository),
        }
    }

    fn repository(&mut self, raw: Placed<RepositoryText>) -> String {
        let text = raw.value.0;
        if !is_repository(&text) {
            self.report(
                problem(raw.span, format!("`{text}` is no repository")).with_help(
                    "write the registry's address and a path, such as `registry.example.org/shop`; \
                     of Docker Hub `docker.io/<user>`",
                ),
            );
        }
        text
    }

    pub(super) fn platforms(
        &mut self,
        raw: Option<Placed<Vec<Placed<PlatformText>>>>,
        has_registry: bool,
    ) -> Vec<String> {
        let Some(raw) = raw else { return Vec::new() };
        if raw.value.len() > 1 && !has_registry {
            self.report(
                problem(raw.span, "several `platforms` need a `registry`").with_help(
                    "an engine keeps images of one platform: add `registry: { repository: … }`",
                ),
            );
        }
        let mut platforms = Vec::new();
        for platform in raw.value {
            if !is_platform(&platform.value.0) {
                self.report(
                    problem(
                        platform.span,
                        format!("`{}` is no platform", platform.value.0),
                    )
                    .with_help("write `linux/amd64`, `linux/arm64` or `linux/arm/v7`"),
                );
            } else if platforms.contains(&platform.value.0) {
                let message = format!("`{}` is named twice", platform.value.0);
                self.report(problem(platform.span, message));
            } else {
                platforms.push(platform.value.0);
            }
        }
        platforms
    }
}

/// Whether it is an address, which could be no path, and a path.
fn is_repository(text: &str) -> bool {
    let Some((address, path)) = text.split_once('/') else {
        return false;
    };
    let (host, port) = match address.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (address, None),
    };
    let is_address = host == "localhost" || host.contains('.') || port.is_some();
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    text.len() <= LONGEST
        && is_address
        && host.split('.').all(|part| is_word(part, "-"))
        && port.is_none_or(is_port)
        && path.split('/').all(|part| is_word(part, "._-"))
}

fn is_platform(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        ["linux", architecture] => is_word(architecture, ""),
        ["linux", architecture, variant] => {
            let is_variant = variant.strip_prefix('v').unwrap_or_default();
            is_word(architecture, "") && is_variant.parse::<u8>().is_ok()
        }
        _ => false,
    }
}

/// Whether a text is of lower-case letters and digits, with `others` only inside.
fn is_word(text: &str, others: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(is_plain)
        && text.ends_with(is_plain)
        && text.chars().all(|c| is_plain(c) || others.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_an_address_and_a_path() {
        for good in [
            "127.0.0.1:5000/shop",
            "registry.example.org/team/shop",
            "localhost/shop",
            "docker.io/acme",
            "registry:5000/a_b.c-d",
        ] {
            assert!(is_repository(good), "{good}");
        }
        for bad in [
            "shop",
            "acme/shop",
            "registry.example.org",
            "registry.example.org/",
            "registry.example.org/Shop",
            "registry.example.org/shop:1",
            "https://registry.example.org/shop",
            "registry.example.org:0/shop",
            "registry.example.org/-shop",
        ] {
            assert!(!is_repository(bad), "{bad}");
        }
    }

    #[test]
    fn a_platform_is_of_linux() {
        assert!(is_platform("linux/amd64") && is_platform("linux/arm/v7"));
        for bad in [
            "amd64",
            "windows/amd64",
            "linux/",
            "linux/arm/7",
            "linux/a/v7/b",
        ] {
            assert!(!is_platform(bad), "{bad}");
        }
    }
}
