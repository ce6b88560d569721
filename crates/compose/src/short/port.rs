//! Ports in one string: `127.0.0.1:8080:80/tcp`.

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
