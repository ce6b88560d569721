//! SARIF 2.1.0, as linters and scanners write it.

use serde::Deserialize;

use super::super::SarifLevel;
use super::super::finding::Finding;

#[derive(Deserialize)]
struct Log {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    tool: Tool,
    // A tool that could not look writes `null`.
    results: Option<Vec<Outcome>>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
struct Driver {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    default_configuration: Option<Configuration>,
}

#[derive(Deserialize)]
struct Configuration {
    level: Option<SarifLevel>,
}

/// What SARIF calls a result.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: Option<String>,
    level: Option<SarifLevel>,
    kind: Option<String>,
    #[serde(default)]
    message: Message,
    #[serde(default)]
    locations: Vec<Location>,
    #[serde(default)]
    suppressions: Vec<serde_json::Value>,
}

#[derive(Default, Deserialize)]
struct Message {
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Option<PhysicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Option<ArtifactLocation>,
}

#[derive(Deserialize)]
struct ArtifactLocation {
    uri: Option<String>,
}

// === impl Outcome ===

impl Outcome {
    fn finding(&self) -> Finding {
        let place = self.locations.first().and_then(|location| {
            let file = location.physical_location.as_ref()?;
            file.artifact_location.as_ref()?.uri.clone()
        });
        Finding {
            name: self.rule_id.clone().unwrap_or_else(|| "?".to_owned()),
            aliases: Vec::new(),
            place,
            message: self.message.text.clone().unwrap_or_default(),
        }
    }
}

/// The findings of a level or above; `None` where the scanner did not look.
pub(in crate::gate) fn findings(
    text: &str,
    least: SarifLevel,
) -> Result<Option<Vec<Finding>>, String> {
    let log: Log = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if log.runs.is_empty() || log.runs.iter().any(|run| run.results.is_none()) {
        return Ok(None);
    }
    let all = log.runs.iter().flat_map(|run| {
        let results = run.results.iter().flatten();
        results.map(move |one| (run, one))
    });
    let counted = all.filter(|(run, one)| matters(run, one, least));
    Ok(Some(counted.map(|(_, one)| one.finding()).collect()))
}

fn matters(run: &Run, result: &Outcome, least: SarifLevel) -> bool {
    let is_failure = result.kind.as_deref().is_none_or(|kind| kind == "fail");
    is_failure && result.suppressions.is_empty() && level(run, result) >= least
}

/// Its own level, else that of its rule, else `warning` (§3.27.10).
fn level(run: &Run, result: &Outcome) -> SarifLevel {
    let mut rules = run.tool.driver.rules.iter();
    let of_rule = || {
        let rule = rules.find(|rule| Some(&rule.id) == result.rule_id.as_ref())?;
        rule.default_configuration.as_ref()?.level
    };
    result.level.or_else(of_rule).unwrap_or(SarifLevel::Warning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(results: &str) -> String {
        format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "bandit", "rules": [
                {{"id": "B105", "defaultConfiguration": {{"level": "error"}}}}]}}}},
                "results": {results}}}]}}"#
        )
    }

    fn names(results: &str, least: SarifLevel) -> Vec<String> {
        let found = findings(&log(results), least).unwrap().unwrap();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn findings_below_the_level_and_suppressed_ones_are_let_through() {
        let results = r#"[{"ruleId": "B101", "level": "note"},
            {"ruleId": "B102", "level": "error", "suppressions": [{"kind": "inSource"}]},
            {"ruleId": "B103", "kind": "pass"}]"#;
        assert!(names(results, SarifLevel::Warning).is_empty());
        assert_eq!(names(results, SarifLevel::Note), ["B101"]);
    }

    #[test]
    fn a_finding_without_a_level_has_that_of_its_rule_or_is_a_warning() {
        let results = r#"[{"ruleId": "B105"}, {"ruleId": "B999"}]"#;
        assert_eq!(names(results, SarifLevel::Error), ["B105"]);
        assert_eq!(names(results, SarifLevel::Warning), ["B105", "B999"]);
    }

    #[test]
    fn a_finding_has_its_file_and_its_message() {
        let results = r#"[{"ruleId": "B105", "message": {"text": "a password"}, "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": "shop/a.py"}, "region": {"startLine": 3}}}]}]"#;
        let found = findings(&log(results), SarifLevel::Error).unwrap().unwrap();
        assert_eq!(found[0].to_string(), "B105 (shop/a.py)");
        assert_eq!(found[0].message, "a password");
    }

    #[test]
    fn a_scanner_that_did_not_look_says_nothing() {
        assert_eq!(findings(&log("null"), SarifLevel::Error).unwrap(), None);
        assert!(findings("{}", SarifLevel::Error).is_err());
    }
}
