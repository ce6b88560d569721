//! Who calls, and what they may do.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use shipway_pipeline::access::{Action, Grant, Role};
use shipway_pipeline::id::TokenId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::push::printable;
use shipway_pipeline::time::Timestamp;
use shipway_store::Store;

use crate::problem::Problem;
use crate::token::Token;

/// By whom a caller at the unix socket says that they call. They could call themselves anything on
/// the command line as well.
pub(crate) const ACTOR: &str = "shipway-actor";

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The user that the daemon runs as, or root, at the unix socket.
    Local {
        /// Who the kernel says it is.
        uid: u32,
    },
    /// Somebody at a TCP address.
    Remote(IpAddr),
}

/// Somebody who showed who they are.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// As records name them.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) grant: Grant,
    /// By which token.
    pub(crate) token: Option<TokenId>,
}

// === impl Peer ===

impl Peer {
    /// The address by which somebody's failures are counted: whoever has one IPv6 address has the
    /// whole of its network.
    pub(crate) fn counted(self) -> Option<IpAddr> {
        match self {
            Self::Local { .. } => None,
            Self::Remote(IpAddr::V6(address)) => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                Some(IpAddr::V6(Ipv6Addr::from(network)))
            }
            Self::Remote(address) => Some(address),
        }
    }

    /// As records name somebody who did not show who they are.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Local { uid } => format!("uid {uid}"),
            Self::Remote(address) => address.to_string(),
        }
    }
}

// === impl Caller ===

impl Caller {
    /// Whose call it is: a token's, or that of the user at the unix socket.
    pub(crate) fn identify(
        store: &Store,
        peer: Peer,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        match (headers.get(header::AUTHORIZATION), peer) {
            (Some(value), _) => {
                let text = value.to_str().unwrap_or_default();
                Self::of_token(store, text, now)
            }
            (None, Peer::Local { uid }) => Ok(Self::at_socket(uid, headers)),
            (None, Peer::Remote(_)) => Err(unknown("the call has no token")),
        }
    }

    fn at_socket(uid: u32, headers: &HeaderMap) -> Self {
        let said = headers.get(ACTOR).and_then(|value| value.to_str().ok());
        Self {
            name: said.map_or_else(|| format!("uid {uid}"), printable),
            grant: Grant::new(Role::Admin, []),
            token: None,
        }
    }

    fn of_token(store: &Store, text: &str, now: Timestamp) -> Result<Self, Problem> {
        let token = text.strip_prefix("Bearer ").and_then(Token::read);
        let token = token.ok_or_else(|| unknown("what the call shows is no token"))?;
        let record = store.token(token.id())?;
        // One answer for all that is wrong with a token that is not theirs.
        let record = record
            .filter(|record| token.matches(&record.hash))
            .ok_or_else(|| unknown("the token is not known"))?;
        if let Some(flaw) = record.flaw(now) {
            return Err(unknown(format!("the token is {flaw}")));
        }
        store.note_token_use(&record, now)?;
        Ok(Self {
            name: record.name,
            grant: record.grant,
            token: Some(record.id),
        })
    }

    /// Refuses what the caller may not do.
    pub(crate) fn check(
        &self,
        action: Action,
        environment: Option<&EnvironmentName>,
    ) -> Result<(), Problem> {
        if self.grant.allows(action, environment) {
            return Ok(());
        }
        let place = environment.map_or_else(String::new, |name| format!(" in `{name}`"));
        let name = &self.name;
        let least = action.least();
        let told = format!("`{name}` may not do this{place}: it takes the role `{least}`");
        Err(Problem::new(StatusCode::FORBIDDEN, told)
            .hint("`shipway tokens list` shows what a token allows"))
    }

    /// Whether a list of the caller's has what is of this environment.
    pub(crate) fn sees(&self, environment: &EnvironmentName) -> bool {
        self.grant.allows(Action::View, Some(environment))
    }
}

fn unknown(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
        .hint("`shipway tokens create` makes one; send it as `Authorization: Bearer shp_…`")
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // The guard puts it there, or lets the call not come this far.
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| unknown("the call has no token"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_new_kind_counts_as_its_network() {
        let of = |text: &str| Peer::Remote(text.parse().unwrap()).counted();
        assert_eq!(of("2001:db8::1:2"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
