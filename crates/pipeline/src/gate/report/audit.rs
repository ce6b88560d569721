//! Known vulnerabilities, as `pip-audit --format json` lists them.

use serde::Deserialize;

use super::super::finding::Finding;

#[derive(Deserialize)]
struct Report {
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    skip_reason: Option<String>,
    #[serde(default)]
    vulns: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Vulnerability {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
}

/// What is known of the packages.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::gate) struct Audit {
    /// The vulnerabilities.
    pub(in crate::gate) found: Vec<Finding>,
    /// The packages that were not looked at.
    pub(in crate::gate) skipped: Vec<String>,
}

/// Reads the report.
pub(in crate::gate) fn read(text: &str) -> Result<Audit, String> {
    let report: Report = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut audit = Audit {
        found: Vec::new(),
        skipped: Vec::new(),
    };
    for package in report.dependencies {
        if package.skip_reason.is_some() {
            audit.skipped.push(package.name.clone());
        }
        for one in package.vulns {
            audit.found.push(Finding {
                name: one.id,
                aliases: one.aliases,
                place: Some(package.name.clone()),
                message: String::new(),
            });
        }
    }
    Ok(audit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vulnerabilities_have_their_package_and_skipped_packages_are_named() {
        let text = r#"{"dependencies": [
            {"name": "asgiref", "version": "3.8", "vulns": []},
            {"name": "own", "skip_reason": "not on the index"},
            {"name": "django", "version": "5.0", "vulns": [
                {"id": "PYSEC-1", "fix_versions": [], "aliases": ["CVE-1"]}]}], "fixes": []}"#;
        let audit = read(text).unwrap();
        assert_eq!(audit.skipped, ["own"]);
        assert_eq!(audit.found[0].to_string(), "PYSEC-1 (django)");
        assert_eq!(audit.found[0].aliases, ["CVE-1"]);
        assert!(read("[]").is_err());
    }
}
