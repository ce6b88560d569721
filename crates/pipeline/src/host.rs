//! Where an environment's container engine is, if it is not this machine's own.
//!
//! ```
//! use shipway_pipeline::host::EngineHost;
//! let host: EngineHost = "ssh://deploy@shop.example.org:2222".parse().unwrap();
//! assert_eq!(host.to_string(), "ssh://deploy@shop.example.org:2222");
//! assert!("tcp://shop.example.org:2375".parse::<EngineHost>().is_err());
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where an engine is reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EngineHost {
    /// A socket of this machine, by its absolute path.
    Socket(String),
    /// Another host, through ssh.
    Ssh(SshHost),
}

/// A host that ssh goes to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SshHost {
    /// Whom to be there; what ssh's own configuration says where not given.
    pub user: Option<String>,
    /// The host's name, its address, or its name in ssh's configuration.
    pub name: String,
    /// What ssh's own configuration says where not given.
    pub port: Option<u16>,
}

/// A text that names no engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no engine's host")]
pub struct InvalidHost(String);

// === impl EngineHost ===

impl FromStr for EngineHost {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let invalid = || InvalidHost(text.to_owned());
        if let Some(path) = text.strip_prefix("unix://") {
            let is_path = path.starts_with('/') && !path.contains(char::is_whitespace);
            return is_path
                .then(|| Self::Socket(path.to_owned()))
                .ok_or_else(invalid);
        }
        let rest = text.strip_prefix("ssh://").ok_or_else(invalid)?;
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        let (name, port) = split_port(rest).ok_or_else(invalid)?;
        if !is_word(name) || user.is_some_and(|user| !is_word(user)) {
            return Err(invalid());
        }
        Ok(Self::Ssh(SshHost {
            user: user.map(str::to_owned),
            name: name.to_owned(),
            port,
        }))
    }
}

/// The name and the port, if there is one; an address of version 6 stands in brackets.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let number = |port: &str| port.parse().ok().filter(|port| *port != 0);
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((address, Some(number(port)?))),
            None => rest.is_empty().then_some((address, None)),
        };
    }
    match text.split_once(':') {
        Some((name, port)) => Some((name, Some(number(port)?))),
        None => Some((text, None)),
    }
}

/// Nothing that ssh or a shell could take for something else than a name.
fn is_word(text: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_alphanumeric() || "._-:".contains(letter);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_inner)
}

impl fmt::Display for EngineHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "unix://{path}"),
            Self::Ssh(host) => write!(f, "ssh://{host}"),
        }
    }
}

impl TryFrom<String> for EngineHost {
    type Error = InvalidHost;

    fn try_from(text: String) -> Result<Self, InvalidHost> {
        text.parse()
    }
}

impl From<EngineHost> for String {
    fn from(host: EngineHost) -> Self {
        host.to_string()
    }
}

// === impl SshHost ===

impl fmt::Display for SshHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.name.contains(':') {
            true => write!(f, "[{}]", self.name)?,
            false => f.write_str(&self.name)?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_host_is_read_and_written_alike() {
        for text in [
            "ssh://shop",
            "ssh://deploy@shop.example.org",
            "ssh://deploy@shop.example.org:2222",
            "ssh://[::1]:22",
            "unix:///run/user/1000/docker.sock",
        ] {
            let host: EngineHost = text.parse().unwrap();
            assert_eq!(host.to_string(), text);
        }
    }

    #[test]
    fn what_ssh_would_take_for_an_option_or_a_shell_for_a_command_is_none() {
        for text in [
            "ssh://-oProxyCommand=reboot",
            "ssh://deploy@-v",
            "ssh://-l@shop",
            "ssh://shop;reboot",
            "ssh://shop:0",
            "ssh://shop:port",
            "ssh://",
            "ssh://@shop",
            "unix://docker.sock",
            "tcp://shop:2375",
            "shop",
        ] {
            assert!(text.parse::<EngineHost>().is_err(), "{text}");
        }
    }
}
