//! SARIF 2.1.0, as linters and scanners write it.

use serde::Deserialize;

use super::super::{SarifLevel, Verdict};
use super::first_of;

#[derive(Deserialize)]
struct Log {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    tool: Tool,
    // A tool that could not look writes `null`.
    results: Option<Vec<Finding>>,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: Option<String>,
    level: Option<SarifLevel>,
    kind: Option<String>,
    #[serde(default)]
    suppressions: Vec<serde_json::Value>,
}

/// What findings of a level or above say.
pub(in crate::gate) fn judge(text: &str, least: SarifLevel) -> Result<Verdict, String> {
    let log: Log = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if log.runs.is_empty() || log.runs.iter().any(|run| run.results.is_none()) {
        return Ok(Verdict::Inconclusive {
            reason: "the scanner reports no run of its own".to_owned(),
        });
    }
    let found: Vec<String> = log
        .runs
        .iter()
        .flat_map(|run| run.results.iter().flatten().map(move |one| (run, one)))
        .filter(|(run, one)| matters(run, one, least))
        .map(|(_, one)| one.rule_id.clone().unwrap_or_else(|| "?".to_owned()))
        .collect();
    if found.is_empty() {
        return Ok(Verdict::Passed);
    }
    let noun = if found.len() == 1 {
        "finding"
    } else {
        "findings"
    };
    Ok(Verdict::Failed {
        reason: format!("{} {noun}: {}", found.len(), first_of(&found)),
    })
}

fn matters(run: &Run, finding: &Finding, least: SarifLevel) -> bool {
    let is_failure = finding.kind.as_deref().is_none_or(|kind| kind == "fail");
    is_failure && finding.suppressions.is_empty() && level(run, finding) >= least
}

/// Its own level, else that of its rule, else `warning` (§3.27.10).
fn level(run: &Run, finding: &Finding) -> SarifLevel {
    let mut rules = run.tool.driver.rules.iter();
    let of_rule = || {
        let rule = rules.find(|rule| Some(&rule.id) == finding.rule_id.as_ref())?;
        rule.default_configuration.as_ref()?.level
    };
    finding
        .level
        .or_else(of_rule)
        .unwrap_or(SarifLevel::Warning)
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

    fn told(results: &str, least: SarifLevel) -> String {
        judge(&log(results), least).unwrap().to_string()
    }

    #[test]
    fn findings_below_the_level_and_suppressed_ones_are_let_through() {
        let results = r#"[{"ruleId": "B101", "level": "note"},
            {"ruleId": "B102", "level": "error", "suppressions": [{"kind": "inSource"}]},
            {"ruleId": "B103", "kind": "pass"}]"#;
        assert_eq!(told(results, SarifLevel::Warning), "passed");
        assert_eq!(told(results, SarifLevel::Note), "failed: 1 finding: B101");
    }

    #[test]
    fn a_finding_without_a_level_has_that_of_its_rule_or_is_a_warning() {
        let results = r#"[{"ruleId": "B105"}, {"ruleId": "B999"}]"#;
        assert_eq!(told(results, SarifLevel::Error), "failed: 1 finding: B105");
        assert_eq!(
            told(results, SarifLevel::Warning),
            "failed: 2 findings: B105, B999"
        );
    }

    #[test]
    fn a_scanner_that_did_not_look_says_nothing() {
        assert_eq!(
            judge(&log("null"), SarifLevel::Error).unwrap().as_str(),
            "inconclusive"
        );
        assert!(judge("{}", SarifLevel::Error).is_err());
    }
}
