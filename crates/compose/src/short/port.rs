//! Ports in one string: `127.0.0.1:8080:80/tcp`.

use std::net::IpAddr;
use std::ops::RangeInclusive;

/// The parts of a port's short form, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port<'t> {
    /// Address of the host, without brackets.
    pub host_ip: Option<&'t str>,
    /// Port or range of the host.
    pub published: Option<&'t str>,
    /// Port or range of the container.
    pub target: &'t str,
    /// `tcp` where not given.
    pub protocol: &'t str,
}

/// Splits the short form of a port; the parts are not looked at.
#[must_use]
pub fn split(text: &str) -> Port<'_> {
    let (rest, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (rest, target) = match rest.rsplit_once(':') {
        Some((rest, target)) => (Some(rest), target),
        None => (None, rest),
    };
    // The last colon outside of brackets: an IPv6 address has its own.
    let (host_ip, published) = match rest {
        None => (None, None),
        Some(rest) if rest.ends_with(']') => (Some(rest), None),
        Some(rest) => match rest.rsplit_once(':') {
            Some((ip, published)) => (Some(ip), Some(published)),
            None => (None, Some(rest)),
        },
    };
    let unbracketed = |ip: &'_ str| -> Option<usize> {
        (ip.starts_with('[') && ip.ends_with(']') && ip.len() >= 2).then_some(ip.len())
    };
    Port {
        host_ip: host_ip
            .map(|ip| unbracketed(ip).map_or(ip, |length| &ip[1..length - 1]))
            .filter(|ip| !ip.is_empty()),
        published: published.filter(|published| !published.is_empty()),
        target,
        protocol,
    }
}

/// A port that a short form stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Single {
    /// Address of the host.
    pub host_ip: Option<String>,
    /// Port of the host; a range leaves the choice to the engine.
    pub published: Option<String>,
    /// Port of the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// How many ports a project may have: every one of both protocols.
///
/// More than any project has, less than harms.
pub(crate) const MAX_PORTS: usize = 2 * 65_536;

/// Returns for how many ports a short form stands.
#[must_use]
pub fn count(text: &str) -> usize {
    parse_range(split(text).target).map_or(1, |range| range.len())
}

/// Reads the short form of a port, which may stand for several.
///
/// # Errors
///
/// Says what is wrong with the text, and after a colon the way out.
pub fn expand(text: &str) -> Result<Vec<Single>, String> {
    let parts = split(text);
    let protocol = parts.protocol.to_ascii_lowercase();
    let targets = parse_range(parts.target);
    let published = parts.published.map(parse_range);
    let is_bare = |ip: &str| ip.contains(':') && !text.starts_with('[');
    let is_valid = parts
        .host_ip
        .is_none_or(|ip| ip.parse::<IpAddr>().is_ok() && !is_bare(ip))
        && matches!(protocol.as_str(), "tcp" | "udp" | "sctp")
        && published != Some(None);
    let (Some(targets), true) = (targets, is_valid) else {
        let help = "write `TARGET`, `PUBLISHED:TARGET` or `ADDRESS:PUBLISHED:TARGET`";
        return Err(format!("`{text}` is no port: {help}"));
    };
    let count = targets.len();
    let published = match published.flatten() {
        None => vec![None; count],
        // For a single target a range is a choice of the engine's and stays.
        Some(range) if count == 1 && range.len() == 1 => vec![Some(range.start().to_string())],
        Some(range) if count == 1 => vec![Some(format!("{}-{}", range.start(), range.end()))],
        Some(range) if range.len() == count => range.map(|port| Some(port.to_string())).collect(),
        Some(_) => {
            return Err(format!("the two ranges of `{text}` differ in length"));
        }
    };
    let single = |(target, published)| Single {
        host_ip: parts.host_ip.map(str::to_owned),
        published,
        target,
        protocol: protocol.clone(),
    };
    let mut singles: Vec<_> = targets.zip(published).map(single).collect();
    // The order in which Compose lists them: 10 goes before 9.
    singles.sort_by_cached_key(|port| port.target.to_string());
    Ok(singles)
}

/// Reads a port or a range of ports: `80`, `8000-8010`.
#[must_use]
pub fn parse_range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (parse_port(first)?, parse_port(last)?);
    (first <= last).then_some(first..=last)
}

fn parse_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<&str>, Option<&str>, &str, &str) {
        let port = split(text);
        (port.host_ip, port.published, port.target, port.protocol)
    }

    #[test]
    fn every_part_but_the_target_may_be_missing() {
        for (text, expected) in [
            ("80", (None, None, "80", "tcp")),
            ("80/udp", (None, None, "80", "udp")),
            ("8080:80", (None, Some("8080"), "80", "tcp")),
            (
                "8000-8005:80-85/udp",
                (None, Some("8000-8005"), "80-85", "udp"),
            ),
            (
                "127.0.0.1:8080:80",
                (Some("127.0.0.1"), Some("8080"), "80", "tcp"),
            ),
            ("127.0.0.1::80", (Some("127.0.0.1"), None, "80", "tcp")),
            ("[::1]:8080:80", (Some("::1"), Some("8080"), "80", "tcp")),
            ("::1:8080:80", (Some("::1"), Some("8080"), "80", "tcp")),
            ("[::1]:80", (Some("::1"), None, "80", "tcp")),
            (":80", (None, None, "80", "tcp")),
            ("", (None, None, "", "tcp")),
            ("]:1", (Some("]"), None, "1", "tcp")),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn ranges_go_up() {
        assert_eq!(parse_range("80"), Some(80..=80));
        assert_eq!(parse_range("80-85"), Some(80..=85));
        for text in ["", "-", "85-80", "70000", "+80", "a", "1-2-3"] {
            assert_eq!(parse_range(text), None, "{text}");
        }
    }
}
