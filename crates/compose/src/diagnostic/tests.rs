//! A report in each of its formats.

use serde_json::{Value, json};

use super::*;
use crate::yaml::Span;

/// `é` takes two bytes and one column.
const TEXT: &str = "services:\n  é: {imgae: x, links: [a,\n    b]}\n";

fn span(part: &str) -> Span {
    let start = TEXT.find(part).unwrap();
    Span::locate(0, TEXT, start..start + part.len())
}

fn report() -> Report {
    let mut sources = Sources::new();
    sources.add("/project/my files/a,b:c.yml", TEXT);
    let unknown = Diagnostic::new(Code::UnknownKey, "100% unknown\nkey")
        .with_label(span("imgae"), "")
        .with_label(span("é"), "in here")
        .with_help("did you mean `image`?");
    let links = Diagnostic::new(Code::ObsoleteKey, "links").with_label(span("[a,\n    b]"), "");
    let mut report = Report::new("/project");
    report.add_environment("staging", vec![unknown.clone(), links], &sources);
    report.add_environment("production", vec![unknown], &sources);
    report.add_common(vec![Diagnostic::new(Code::Config, "nowhere")], &sources);
    report
}

#[test]
fn json_has_every_field_of_every_finding() {
    let value = serde_json::to_value(super::json(&report())).unwrap();
    assert_eq!(
        value,
        json!({
            "version": 1,
            "environments": ["staging", "production"],
            "errors": 2,
            "warnings": 1,
            "diagnostics": [
                {
                    "code": "config", "level": "error", "message": "nowhere", "help": null,
                    "environments": [], "file": null, "line": null, "column": null,
                    "end_line": null, "end_column": null, "related": [],
                },
                {
                    "code": "unknown-key", "level": "error", "message": "100% unknown\nkey",
                    "help": "did you mean `image`?", "environments": ["staging", "production"],
                    "file": "my files/a,b:c.yml", "line": 2, "column": 7, "end_line": 2,
                    "end_column": 12,
                    "related": [{
                        "file": "my files/a,b:c.yml", "line": 2, "column": 3, "end_line": 2,
                        "end_column": 4, "message": "in here",
                    }],
                },
                {
                    "code": "obsolete-key", "level": "warning", "message": "links", "help": null,
                    "environments": ["staging"], "file": "my files/a,b:c.yml", "line": 2,
                    "column": 24, "end_line": 3, "end_column": 7, "related": [],
                },
            ],
        })
    );
}

#[test]
fn github_lines_are_escaped() {
    let text = github(&report());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "::error title=config::nowhere",
            "::error title=unknown-key,file=my files/a%2Cb%3Ac.yml,line=2,col=7,endColumn=12::\
             100%25 unknown%0Akey%0Ahelp: did you mean `image`?%0Ain staging, production",
            "::warning title=obsolete-key,file=my files/a%2Cb%3Ac.yml,line=2,col=24,endLine=3::\
             links%0Ain staging",
        ]
    );
}

#[test]
fn sarif_results_name_rules_and_places() {
    let log = sarif(&report(), "1.2.3");
    let run = &log["runs"][0];
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["version"], "1.2.3");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!((rules.len(), results.len()), (3, 3));
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
    }
    assert_eq!(results[0]["locations"], Value::Array(Vec::new()));
    let place = &results[1]["locations"][0]["physicalLocation"];
    assert_eq!(
        *place,
        json!({
            "artifactLocation": { "uri": "my%20files/a%2Cb%3Ac.yml", "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": 2, "startColumn": 7, "endLine": 2, "endColumn": 12 },
        })
    );
    assert_eq!(
        results[1]["relatedLocations"][0]["message"]["text"],
        "in here"
    );
    assert_eq!(results[2]["level"], "warning");
}

#[test]
fn people_are_told_where_it_is_not_everywhere() {
    let text = render_report(&report(), Color::Never);
    let parts: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(parts.len(), 3, "{text}");
    assert!(!parts[1].contains("note:"), "{text}");
    assert!(parts[2].ends_with("= note: in staging"), "{text}");
}
