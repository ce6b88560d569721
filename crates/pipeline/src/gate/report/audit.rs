//! Known vulnerabilities, as `pip-audit --format json` lists them.

use serde::Deserialize;

use super::super::Verdict;
use super::first_of;

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
}

/// What is known of the packages says. One that was skipped was not looked at.
pub(in crate::gate) fn judge(text: &str) -> Result<Verdict, String> {
    let report: Report = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let found: Vec<String> = report
        .dependencies
        .iter()
        .flat_map(|package| {
            let known = package.vulns.iter();
            known.map(|one| format!("{} ({})", one.id, package.name))
        })
        .collect();
    if !found.is_empty() {
        let reason = format!("known vulnerabilities: {}", first_of(&found));
        return Ok(Verdict::Failed { reason });
    }
    let skipped = report.dependencies.iter();
    let skipped: Vec<String> = skipped
        .filter(|package| package.skip_reason.is_some())
        .map(|package| package.name.clone())
        .collect();
    if skipped.is_empty() {
        return Ok(Verdict::Passed);
    }
    Ok(Verdict::Inconclusive {
        reason: format!("not looked at: {}", first_of(&skipped)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(dependencies: &str) -> String {
        let text = format!(r#"{{"dependencies": {dependencies}, "fixes": []}}"#);
        judge(&text).unwrap().to_string()
    }

    #[test]
    fn packages_without_vulnerabilities_pass() {
        let clean = r#"[{"name": "django", "version": "5.2", "vulns": []}]"#;
        assert_eq!(told(clean), "passed");
    }

    #[test]
    fn a_vulnerability_counts_and_a_skipped_package_is_not_known_to_be_safe() {
        let skipped = r#"{"name": "own", "skip_reason": "not on the index"}"#;
        assert_eq!(
            told(&format!("[{skipped}]")),
            "inconclusive: not looked at: own"
        );
        let bad = r#"{"name": "django", "version": "5.0", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}"#;
        assert_eq!(
            told(&format!("[{skipped}, {bad}]")),
            "failed: known vulnerabilities: PYSEC-1 (django)"
        );
    }
}
