//! An engine that has no addresses left for another network.
//!
//! Each colour has networks of its own, and an engine as it is installed has room for some thirty.

use super::runtime::ComposeRuntime;
use crate::Error;

/// What engines say, the older ones first: the second is said of networks of one driver.
const SAID: [&str; 2] = [
    "could not find an available, non-overlapping ipv4 address pool",
    "all predefined address pools have been fully subscribed",
];

/// Tells what is behind an error, where it is that.
pub(super) async fn explain(runtime: &ComposeRuntime, error: Error) -> Error {
    let Some(said) = exhausted(&error) else {
        return error;
    };
    let networks = match runtime.docker() {
        Ok(docker) => docker.list_networks(None).await.ok(),
        Err(_) => None,
    };
    Error::Addresses {
        said,
        networks: networks.map(|all| all.len()),
    }
}

/// The engine's words, where they say that there is no address left.
fn exhausted(error: &Error) -> Option<String> {
    let said = match error {
        Error::Start { reason, .. } | Error::Build { reason, .. } => reason.clone(),
        Error::Io { source, .. } => source.to_string(),
        Error::Registry { .. }
        | Error::NotRunnable { .. }
        | Error::Deadline { .. }
        | Error::Addresses { .. } => return None,
    };
    let lower = said.to_lowercase();
    SAID.iter().any(|one| lower.contains(one)).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_start(reason: &str) -> Error {
        Error::Start {
            instance: "shop/production/blue".to_owned(),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn engines_old_and_new_are_understood() {
        for said in [
            "failed to create network shop-production-blue_default: Error response from daemon: \
             could not find an available, non-overlapping IPv4 address pool among the defaults to \
             assign to the network",
            "Error response from daemon: all predefined address pools have been fully subscribed",
        ] {
            assert_eq!(exhausted(&of_start(said)).as_deref(), Some(said));
            let made = Error::Io {
                action: "make the network `shop-production_default`".to_owned(),
                source: std::io::Error::other(said),
            };
            assert_eq!(exhausted(&made).as_deref(), Some(said));
        }
        assert_eq!(exhausted(&of_start("no such image")), None);
    }

    #[test]
    fn the_way_out_counts_the_networks_and_names_both_remedies() {
        let of = |networks| Error::Addresses {
            said: "all predefined address pools have been fully subscribed".to_owned(),
            networks,
        };
        let error = of(Some(31));
        assert_eq!(
            error.to_string(),
            "the engine has no addresses for another network: \
             all predefined address pools have been fully subscribed"
        );
        assert_eq!(
            error.way_out().unwrap(),
            "it has 31 networks: `docker network prune` removes those that nothing uses, and more \
             `default-address-pools` in the engine's `daemon.json` make room for others"
        );
        assert!(
            of(None)
                .way_out()
                .unwrap()
                .starts_with("`docker network prune`")
        );
    }
}
