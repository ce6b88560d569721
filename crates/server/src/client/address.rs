//! Addresses of daemons.

use std::net::IpAddr;

use reqwest::Url;

use super::ClientError;

/// The address of a daemon, without anything behind it. A token goes over the network in the clear
/// to nobody but this machine.
pub(super) fn check(text: &str) -> Result<String, ClientError> {
    let bad = |why: &str| ClientError::Address {
        address: text.to_owned(),
        why: why.to_owned(),
    };
    let url: Url = text.parse().map_err(|_| bad("it is no URL"))?;
    let host = url.host_str().ok_or_else(|| bad("it names no host"))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        "http" => return Err(bad("without TLS anybody on the way could read the token")),
        _ => return Err(bad("it is no address of HTTP")),
    }
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
        return Err(bad("it has more than a scheme, a host and a port"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_others_by_tls_only() {
        for (good, read) in [
            ("https://deploy.example.org", "https://deploy.example.org"),
            (
                "https://deploy.example.org:7070/",
                "https://deploy.example.org:7070",
            ),
            ("http://127.0.0.1:7070", "http://127.0.0.1:7070"),
            ("http://[::1]:7070", "http://[::1]:7070"),
            ("http://localhost:7070", "http://localhost:7070"),
        ] {
            assert_eq!(check(good).unwrap(), read);
        }
        for bad in [
            "deploy.example.org",
            "http://deploy.example.org",
            "http://127.0.0.1.example.org",
            "ftp://deploy.example.org",
            "https://anna@deploy.example.org",
            "https://deploy.example.org/path",
            "",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
