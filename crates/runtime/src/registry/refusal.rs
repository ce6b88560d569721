//! Why a registry did not do what it was asked.

use oci_client::errors::{OciDistributionError as Error, OciErrorCode};

/// Why a registry did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not answer.
    #[error("the registry `{host}` cannot be reached: {reason}")]
    Unreachable {
        /// Its address.
        host: String,
        /// What the connection failed with.
        reason: String,
    },
    /// It wants other credentials, or any.
    #[error("the registry `{host}` does not accept the credentials: {reason}")]
    Credentials {
        /// Its address.
        host: String,
        /// Its own words, or what is wrong with Docker's configuration.
        reason: String,
    },
    /// It failed by itself.
    #[error("the registry `{host}` failed: {reason}")]
    Failed {
        /// Its address.
        host: String,
        /// Its own words.
        reason: String,
    },
    /// It has no such image.
    #[error("the registry `{host}` has no `{image}`")]
    Missing {
        /// Its address.
        host: String,
        /// What was asked for.
        image: String,
    },
}

// === impl Refusal ===

impl Refusal {
    /// What somebody can do about it.
    #[must_use]
    pub fn way_out(&self) -> String {
        match self {
            Self::Unreachable { host, .. } => {
                format!("make `{host}` answer, then try again: what was done so far is found done")
            }
            Self::Credentials { host, .. } => {
                format!("`docker login {host}` with an account that may push and pull")
            }
            Self::Failed { host, .. } => {
                format!("look at the log of `{host}`, and whether its disk is full; then try again")
            }
            Self::Missing { .. } => {
                "build the commit again: `shipway build --commit COMMIT`".to_owned()
            }
        }
    }

    /// From what the client of the registry's API says.
    pub(super) fn of_client(host: &str, image: &str, error: Error) -> Self {
        let host = host.to_owned();
        match error {
            Error::UnauthorizedError { .. } => Self::Credentials {
                host,
                reason: "not authorized".to_owned(),
            },
            Error::AuthenticationFailure(reason) => Self::Credentials { host, reason },
            Error::ImageManifestNotFoundError(_) => Self::missing(host, image),
            Error::ServerError { code: 404, .. } => Self::missing(host, image),
            Error::ServerError {
                code: 401 | 403,
                message,
                ..
            } => Self::Credentials {
                host,
                reason: message,
            },
            Error::RegistryError { ref envelope, .. } => {
                let codes = || envelope.errors.iter().map(|error| &error.code);
                let is = |wanted: &[OciErrorCode]| codes().any(|code| wanted.contains(code));
                if is(&[
                    OciErrorCode::ManifestUnknown,
                    OciErrorCode::NameUnknown,
                    OciErrorCode::NotFound,
                ]) {
                    Self::missing(host, image)
                } else if is(&[OciErrorCode::Unauthorized, OciErrorCode::Denied]) {
                    let reason = envelope.to_string();
                    Self::Credentials { host, reason }
                } else {
                    let reason = envelope.to_string();
                    Self::Failed { host, reason }
                }
            }
            Error::RequestError(error) if error.is_connect() || error.is_timeout() => {
                Self::Unreachable {
                    host,
                    reason: innermost(&error),
                }
            }
            other => Self::Failed {
                host,
                reason: other.to_string(),
            },
        }
    }

    /// From what the engine said of a push or pull.
    pub(super) fn of_engine(host: &str, image: &str, said: &str) -> Self {
        let host = host.to_owned();
        let reason = said.to_owned();
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if says(&["manifest unknown", "not found: manifest", "name unknown"]) {
            Self::missing(host, image)
        } else if says(&["unauthorized", "denied", "no basic auth credentials", "401"]) {
            Self::Credentials { host, reason }
        } else if says(&[
            "connection refused",
            "no such host",
            "i/o timeout",
            "no route to host",
            "connection reset",
        ]) {
            Self::Unreachable { host, reason }
        } else {
            Self::Failed { host, reason }
        }
    }

    fn missing(host: String, image: &str) -> Self {
        Self::Missing {
            host,
            image: image.to_owned(),
        }
    }
}

/// The cause of causes: what a person knows the failure by.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_says_is_put_into_our_words() {
        let of = |said| Refusal::of_engine("r:5000", "r:5000/shop/web@sha256:0", said);
        let refused = "Get \"http://r:5000/v2/\": dial tcp: connect: connection refused";
        assert!(matches!(of(refused), Refusal::Unreachable { .. }));
        let denied = "unauthorized: authentication required";
        assert!(of(denied).way_out().contains("docker login r:5000"));
        let full = "received unexpected HTTP status: 500 Internal Server Error";
        assert!(of(full).way_out().contains("disk"));
        let gone = of("manifest unknown: manifest unknown");
        assert_eq!(
            gone.to_string(),
            "the registry `r:5000` has no `r:5000/shop/web@sha256:0`"
        );
    }
}
