//! Where notifications go.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Event, Forge};
use crate::name::{ChannelName, EnvironmentName};

/// Where notifications go, and which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Channel {
    /// Its name.
    pub name: ChannelName,
    /// What it is.
    #[serde(flatten)]
    pub target: Target,
    /// The environments that it is told of; all where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<EnvironmentName>,
    /// What it is told.
    pub events: BTreeSet<Event>,
}

/// What a channel is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Target {
    /// An incoming webhook of Slack, or of what takes the same.
    Slack {
        /// Its URL.
        url: Reference,
    },
    /// A workflow of Microsoft Teams that posts what a webhook receives.
    Teams {
        /// Its URL.
        url: Reference,
    },
    /// A webhook of Discord.
    Discord {
        /// Its URL.
        url: Reference,
    },
    /// Any other system, by signed requests as Standard Webhooks has them.
    Webhook {
        /// Its URL.
        url: Reference,
        /// What requests are signed with.
        secret: Reference,
    },
    /// Mail.
    Smtp(Smtp),
    /// The repository's forge, by commit statuses and deployments.
    Forge(Forge),
}

/// A mail server, and who gets mail by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Smtp {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Who we are to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What shows that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Reference>,
    /// The sender.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
}

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Security {
    /// The connection becomes a TLS one before anything is said; without it nothing is.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Not at all: for a server on this machine only.
    None,
}

/// Where a secret value is: a variable of whoever sends, or else the secret of that name of the
/// environment that is told of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Reference(String);

// === impl Channel ===

impl Channel {
    /// Whether it is to be told.
    pub fn takes(&self, event: Event, environment: &EnvironmentName) -> bool {
        self.events.contains(&event) && self.is_for(environment)
    }

    /// Whether it is told anything of an environment. Who is told of a template is told of the
    /// environments that branches have of it.
    pub fn is_for(&self, environment: &EnvironmentName) -> bool {
        self.environments.is_empty() || self.environments.contains(&environment.shared())
    }
}

// === impl Target ===

impl Target {
    /// The kind's name as the configuration writes it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Slack { .. } => "slack",
            Self::Teams { .. } => "teams",
            Self::Discord { .. } => "discord",
            Self::Webhook { .. } => "webhook",
            Self::Smtp(_) => "smtp",
            Self::Forge(forge) => forge.forge.as_str(),
        }
    }
}

// === impl Security ===

impl Security {
    /// The port that mail is handed in at where nothing else is said.
    pub fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

// === impl Reference ===

impl Reference {
    /// A variable, written `${NAME}`.
    pub fn try_new(text: &str) -> Option<Self> {
        let name = text.strip_prefix("${")?.strip_suffix('}')?;
        let is_name = name.starts_with(|first: char| !first.is_ascii_digit())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then(|| Self(name.to_owned()))
    }

    /// The name of the variable, and of the secret.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("${{{}}}", self.0))
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

/// Whether a host is this machine: what is sent there passes no network.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_variable_and_holds_no_value() {
        assert_eq!(
            Reference::try_new("${SLACK_URL}").unwrap().name(),
            "SLACK_URL"
        );
        for other in [
            "SLACK_URL",
            "$SLACK_URL",
            "${}",
            "${1A}",
            "${A-b}",
            "https://x",
        ] {
            assert_eq!(Reference::try_new(other), None, "{other}");
        }
    }

    #[test]
    fn this_machine_is_known_by_name_and_address() {
        for here in ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"] {
            assert!(is_loopback(here), "{here}");
        }
        for other in [
            "mail.example.org",
            "10.0.0.1",
            "localhost.example.org",
            "0.0.0.0",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
