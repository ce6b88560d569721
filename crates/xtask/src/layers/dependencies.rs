//! Dependencies between our crates point down only.

use super::Finding;
use super::facts::{Dependency, Package};
use super::table::{Layer, is_allowed_within, layer_of};

/// What our packages' names begin with.
pub(super) const PREFIX: &str = "shipway-";

pub(super) fn check(package: &Package) -> Vec<Finding> {
    let mut findings = Vec::new();
    if package.name.strip_prefix(PREFIX) != Some(&package.folder) {
        findings.push(Finding::Error(format!(
            "package `{}` stands in the folder `{}`; it is to be `{PREFIX}{}`",
            package.name, package.folder, package.folder
        )));
    }
    let Some(layer) = layer_of(&package.folder) else {
        findings.push(Finding::Error(format!(
            "crate `{}` has no layer; give it one in crates/xtask/src/layers/table.rs",
            package.folder
        )));
        return findings;
    };
    let ours = package
        .dependencies
        .iter()
        .filter_map(|dependency| Some((dependency.name.strip_prefix(PREFIX)?, dependency)));
    for (folder, dependency) in ours {
        if let Some(reason) = refuse(&package.folder, layer, folder, dependency) {
            findings.push(Finding::Error(reason));
        }
    }
    findings
}

/// Why a dependency is not allowed, if it is not.
fn refuse(from: &str, layer: Layer, to: &str, dependency: &Dependency) -> Option<String> {
    // An unknown crate is reported for itself.
    let below = layer_of(to)?;
    let is_allowed = match (layer, below) {
        (Layer::Support, _) => true,
        (_, Layer::Support) => dependency.is_dev,
        _ => below < layer || is_allowed_within(from, to),
    };
    let reason = match below {
        Layer::Support => "which may only be a dev-dependency",
        _ if below == layer => "beside it",
        _ => "above it",
    };
    (!is_allowed).then(|| {
        format!(
            "`{from}` ({}) depends on `{to}` ({}), {reason}",
            layer.as_str(),
            below.as_str()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &str, name: &str, is_dev: bool) -> Vec<Finding> {
        check(&Package {
            name: format!("shipway-{folder}"),
            folder: folder.to_owned(),
            dependencies: vec![Dependency {
                name: name.to_owned(),
                is_dev,
            }],
            ..Package::default()
        })
    }

    #[test]
    fn down_is_allowed() {
        for (from, to) in [
            ("cli", "shipway-engine"),
            ("cli", "shipway-pipeline"),
            ("engine", "shipway-store"),
            ("store", "shipway-pipeline"),
            ("engine", "serde"),
        ] {
            assert_eq!(found(from, to, false), [], "{from} to {to}");
        }
    }

    #[test]
    fn up_is_refused_even_for_tests() {
        for (from, to) in [
            ("pipeline", "shipway-store"),
            ("compose", "shipway-cli"),
            ("store", "shipway-engine"),
            ("proxy", "shipway-server"),
        ] {
            assert_eq!(found(from, to, false).len(), 1, "{from} to {to}");
            assert_eq!(found(from, to, true).len(), 1, "{from} to {to}");
        }
    }

    #[test]
    fn within_a_layer_only_what_is_listed_is_allowed() {
        assert_eq!(found("pipeline", "shipway-compose", false), []);
        assert_eq!(found("engine", "shipway-proxy", false), []);
        for (from, to) in [
            ("compose", "shipway-pipeline"),
            ("proxy", "shipway-engine"),
            ("runtime", "shipway-store"),
            ("server", "shipway-cli"),
        ] {
            assert_eq!(found(from, to, false).len(), 1, "{from} to {to}");
        }
    }

    #[test]
    fn support_is_for_tests() {
        assert_eq!(found("pipeline", "shipway-testkit", true), []);
        assert_eq!(found("pipeline", "shipway-testkit", false).len(), 1);
        assert_eq!(found("testkit", "shipway-cli", false), []);
    }

    #[test]
    fn an_unknown_crate_is_reported_once() {
        assert_eq!(found("novelty", "shipway-pipeline", false).len(), 1);
        assert_eq!(found("cli", "shipway-novelty", false), []);
    }

    #[test]
    fn package_and_folder_agree() {
        let package = Package {
            name: "shipway-shop".to_owned(),
            folder: "store".to_owned(),
            ..Package::default()
        };
        assert_eq!(check(&package).len(), 1);
    }
}
