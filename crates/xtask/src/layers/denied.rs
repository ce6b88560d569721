//! Crates that a pure crate does without, for tests as well.

use super::Finding;
use super::facts::Package;
use super::table::{Layer, layer_of};

const RUNTIME: &str = "an async runtime: decisions are plain functions";
const NETWORK: &str = "the network: what was received is passed in";
const FILES: &str = "the file system: texts are passed in";
const PROCESS: &str = "processes and the system: effects are returned as data";
const DATABASE: &str = "a database: records are passed in";
const RANDOM: &str = "randomness: seeds and ids are passed in";

const DENIED: &[(&str, &str)] = &[
    ("async-io", RUNTIME),
    ("async-std", RUNTIME),
    ("futures-executor", RUNTIME),
    ("mio", RUNTIME),
    ("smol", RUNTIME),
    ("tokio", RUNTIME),
    ("tokio-util", RUNTIME),
    ("axum", NETWORK),
    ("bollard", NETWORK),
    ("hyper", NETWORK),
    ("hyper-util", NETWORK),
    ("reqwest", NETWORK),
    ("rustls", NETWORK),
    ("socket2", NETWORK),
    ("tokio-tungstenite", NETWORK),
    ("ureq", NETWORK),
    ("camino-tempfile", FILES),
    ("fs-err", FILES),
    ("ignore", FILES),
    ("notify", FILES),
    ("tempfile", FILES),
    ("walkdir", FILES),
    ("duct", PROCESS),
    ("libc", PROCESS),
    ("nix", PROCESS),
    ("rustix", PROCESS),
    ("signal-hook", PROCESS),
    ("which", PROCESS),
    ("diesel", DATABASE),
    ("redb", DATABASE),
    ("rusqlite", DATABASE),
    ("sled", DATABASE),
    ("sqlx", DATABASE),
    ("fastrand", RANDOM),
    ("getrandom", RANDOM),
    ("rand", RANDOM),
];

pub(super) fn check(package: &Package) -> Vec<Finding> {
    if layer_of(&package.folder) != Some(Layer::Pure) {
        return Vec::new();
    }
    package
        .dependencies
        .iter()
        .filter_map(|dependency| {
            let (name, reason) = DENIED.iter().find(|(name, _)| *name == dependency.name)?;
            Some(Finding::Error(format!(
                "`{}` is pure and depends on `{name}`, which is {reason}",
                package.folder
            )))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::facts::Dependency;
    use super::*;

    fn found(folder: &str, name: &str) -> usize {
        let package = Package {
            folder: folder.to_owned(),
            dependencies: vec![Dependency {
                name: name.to_owned(),
                is_dev: true,
            }],
            ..Package::default()
        };
        check(&package).len()
    }

    #[test]
    fn only_pure_crates_do_without() {
        assert_eq!(found("pipeline", "tokio"), 1);
        assert_eq!(found("compose", "tempfile"), 1);
        assert_eq!(found("migrations", "rusqlite"), 1);
        assert_eq!(found("pipeline", "serde"), 0);
        assert_eq!(found("store", "rusqlite"), 0);
    }
}
