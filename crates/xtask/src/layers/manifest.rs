//! Lints and versions stand once, in the workspace's manifest.

use super::Finding;
use super::facts::Package;

pub(super) fn check(package: &Package) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut section = "";
    let mut has_lints = false;
    for line in package.manifest.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            continue;
        }
        let text = line.replace(' ', "");
        if section == "lints" && text == "workspace=true" || text == "lints.workspace=true" {
            has_lints = true;
        }
        if section.ends_with("dependencies") && !takes_from_workspace(&text) {
            findings.push(Finding::Error(format!(
                "crates/{}/Cargo.toml: `{line}` is to take its version from the workspace",
                package.folder
            )));
        }
    }
    if !has_lints {
        findings.push(Finding::Error(format!(
            "crates/{}/Cargo.toml lacks `[lints]` with `workspace = true`",
            package.folder
        )));
    }
    findings
}

/// Whether `name.workspace=true` or `name={workspace=true,…}`.
fn takes_from_workspace(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, value)| {
        name.ends_with(".workspace") && value.starts_with("true")
            || value.contains("workspace=true")
            // Features of an entry that says so in a line of its own.
            || name.ends_with(".features")
            || name.ends_with(".optional")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(manifest: &str) -> Vec<Finding> {
        check(&Package {
            folder: "store".to_owned(),
            manifest: manifest.to_owned(),
            ..Package::default()
        })
    }

    #[test]
    fn everything_from_the_workspace_is_fine() {
        let text = "\
[package]
name = \"shipway-store\"
version.workspace = true
[lints]
workspace = true
[dependencies]
serde.workspace = true
tokio = { workspace = true, features = [\"fs\"] }
";
        assert_eq!(check_text(text), []);
    }

    #[test]
    fn missing_lints_and_own_versions_are_found() {
        let text = "\
[package]
name = \"shipway-store\"
[dev-dependencies]
serde = \"1\"
";
        assert_eq!(check_text(text).len(), 2);
    }
}
