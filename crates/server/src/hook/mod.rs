//! Webhooks: what a git server says has been pushed, once it has shown that it is that server.
//!
//! Everything here is decided on what came, the secret and the time: nothing is fetched, nothing
//! is written.

mod payload;
mod secret;
mod signature;

use http::HeaderMap;
use shipway_pipeline::push::{Push, printable};
use shipway_pipeline::time::Timestamp;

pub use secret::HookSecret;

/// The servers whose webhooks are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gitea and Forgejo.
    Gitea,
}

/// What a delivery says that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A reference moved.
    Push(Push),
    /// Something that sets nothing going, by its name.
    Other(String),
}

/// Why a delivery is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// It shows no signature, or a wrong one.
    #[error("the signature is missing or wrong")]
    Signature,
    /// It is older than any delivery that is on its way.
    #[error("the delivery was signed too long ago, or the clocks differ")]
    Stale,
    /// It is signed, and cannot be understood.
    #[error("the delivery cannot be read: {0}")]
    Payload(String),
}

// === impl Provider ===

impl Provider {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::GitHub, Self::GitLab, Self::Gitea];

    /// As it stands in the address of its webhook.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
        }
    }

    /// The variable that holds its secret.
    pub fn variable(self) -> &'static str {
        match self {
            Self::GitHub => "SHIPWAY_HOOK_SECRET_GITHUB",
            Self::GitLab => "SHIPWAY_HOOK_SECRET_GITLAB",
            Self::Gitea => "SHIPWAY_HOOK_SECRET_GITEA",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// Headers that name the event, the first that is there counts.
    fn event_headers(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &["x-github-event"],
            Self::GitLab => &["x-gitlab-event"],
            Self::Gitea => &["x-gitea-event", "x-forgejo-event"],
        }
    }

    /// Headers that name the delivery.
    fn delivery_headers(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &["x-github-delivery"],
            Self::GitLab => &["webhook-id", "idempotency-key", "x-gitlab-event-uuid"],
            Self::Gitea => &["x-gitea-delivery", "x-forgejo-delivery"],
        }
    }
}

/// Checks a delivery, and then reads it.
pub(crate) fn read(
    provider: Provider,
    headers: &HeaderMap,
    body: &[u8],
    secret: &HookSecret,
    now: Timestamp,
) -> Result<Event, Refused> {
    signature::check(provider, headers, body, secret, now)?;
    let event = first(headers, provider.event_headers()).unwrap_or_default();
    match (provider, event) {
        (Provider::GitHub | Provider::Gitea, "push")
        | (Provider::GitLab, "Push Hook" | "Tag Push Hook") => payload::push(body).map(Event::Push),
        (_, other) => Ok(Event::Other(printable(other))),
    }
}

/// What a delivery is known by when it comes again. The digest of a signed body is among it: the
/// number that stands beside it is not signed, and whoever sends it again could change it.
pub(crate) fn marks(provider: Provider, headers: &HeaderMap, body: &[u8]) -> Vec<String> {
    use sha2::{Digest as _, Sha256};
    let number = first(headers, provider.delivery_headers());
    let number = number.map(|number| format!("{}:{}", provider.as_str(), printable(number)));
    let digest = match provider {
        // Its body holds no time: the same push, made again later, has the same one.
        Provider::GitLab => None,
        Provider::GitHub | Provider::Gitea => {
            let digest = Sha256::digest(body);
            let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            Some(format!("{}:body:{digits}", provider.as_str()))
        }
    };
    number.into_iter().chain(digest).collect()
}

fn first<'a>(headers: &'a HeaderMap, names: &[&str]) -> Option<&'a str> {
    names
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
}
