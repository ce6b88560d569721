//! `shipway validate`: findings in each form, and their levels.

use serde_json::Value;
use shipway_testkit::{Ended, Environment, Sandbox};

use crate::common::{empty, sandbox, sandbox_with};

/// Two environments, the second with an overlay that has something of everything.
fn careless() -> Sandbox {
    let careless = Environment::new("production").with(
        "compose",
        "[docker-compose.yml, docker-compose.production.yml]",
    );
    let sandbox = sandbox_with([Environment::new("testing"), careless]);
    sandbox.write(
        "docker-compose.production.yml",
        "services:\n  web:\n    restart: always\n    container_name: shop\n    \
         environment: { API_TOKEN: hunter2 }\n    mem_limit: 1g\n    depend_on: [db]\n",
    );
    sandbox
}

fn told(sandbox: &Sandbox, ended: &Ended) -> String {
    let root = sandbox.root().display().to_string();
    ended.stderr.replace(&root, "[ROOT]").trim_end().to_owned()
}

fn report(sandbox: &Sandbox, words: [&str; 4], code: i32) -> Value {
    let [one, two, three, four] = words;
    let ended = sandbox.run(["validate", "--json", one, two, three, four]);
    ended.expect_code(code).json()
}

fn codes(report: &Value) -> Vec<(&str, &str)> {
    let all = report["diagnostics"].as_array().expect("a list");
    all.iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().expect("a text");
            (text("code"), text("level"))
        })
        .collect()
}

#[test]
fn what_is_right_has_no_findings() {
    let sandbox = sandbox();
    let ended = sandbox.run_well(["validate"]);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    ✓ testing: web (web)
    no findings in 1 environment
    ");
}

#[test]
fn findings_are_told_with_their_place_and_their_environment() {
    let sandbox = careless();
    let ended = sandbox.run(["validate"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @r#"
    ✓ testing: web (web)
    ✗ production

    warning[container-name]: service `web` has a `container_name` but runs in two colours during a switch, and a name can be used once
     --> docker-compose.production.yml:4:5
      |
    4 |     container_name: shop
      |     ^^^^^^^^^^^^^^
      |
      = help: remove it; other services reach this one by its service name
      = note: in production

    warning[plain-secret]: secret `API_TOKEN` of service `web` stands in the file
    --> docker-compose.production.yml:5:20
     = help: change it, as it is in the repository's history, and give it as `${API_TOKEN:?}` or through `secrets`
     = note: in production

    error[unknown-key]: unknown key `depend_on` in `services.web`
     --> docker-compose.production.yml:7:5
      |
    7 |     depend_on: [db]
      |     ^^^^^^^^^
      |
      = help: did you mean `depends_on`?
      = note: in production

    1 error, 2 warnings in 2 environments
    "#);
    assert_eq!(ended.stdout, "");
    assert!(!ended.stderr.contains("hunter2"), "{ended}");
}

#[test]
fn a_service_that_no_environment_has_is_told_at_its_place() {
    let sandbox = sandbox_with([Environment::new("testing"), Environment::new("production")]);
    let text = sandbox.read("shipway.yml");
    let said = text.replacen("services:\n", "services:\n  celery: { role: worker }\n", 1);
    sandbox.write("shipway.yml", &said);
    let line = said
        .lines()
        .position(|line| line.contains("celery"))
        .expect("a line")
        + 1;
    let ended = sandbox.run_well(["validate"]);
    ended.expect_told(&[
        "warning[unknown-service]: no environment has a service `celery`",
        &format!("shipway.yml:{line}:3"),
    ]);
    // One environment alone cannot tell.
    let alone = sandbox.run_well(["validate", "testing"]);
    alone.expect_told(&["no findings in 1 environment"]);
    sandbox
        .run(["validate", "--deny", "unknown-service"])
        .expect_code(2);
}

#[test]
fn a_certificate_that_nobody_can_issue_is_told_at_its_place() {
    let acme = "{ email: ops@example.org }";
    let route = format!("{{ listen: 80, host: shop.org, tls: {{ acme: {acme} }} }}");
    let sandbox = sandbox_with([Environment::new("testing").with("route", &route)]);
    let text = sandbox.read("shipway.yml");
    let at = text.lines().position(|line| line.contains("acme"));
    let line = at.expect("a line") + 1;
    let column = text.lines().nth(line - 1).and_then(|line| line.find(acme));
    let ended = sandbox.run_well(["validate"]);
    ended.expect_told(&[
        "warning[acme-unreachable]: no authority gets to 127.0.0.1:80",
        &format!(
            "shipway.yml:{line}:{}",
            column.expect("it stands there") + 1
        ),
        "1 warning in 1 environment",
    ]);
    let open = route.replace("80", "'0.0.0.0:80'");
    sandbox.add(Environment::new("testing").with("route", &open));
    let ended = sandbox.run_well(["validate"]);
    ended.expect_told(&["no findings in 1 environment"]);
}

#[test]
fn one_environment_can_be_looked_at_alone() {
    let sandbox = careless();
    let ended = sandbox.run_well(["validate", "testing"]);
    ended.expect_told(&["no findings in 1 environment"]);
}

#[test]
fn levels_can_be_set_for_one_run() {
    let sandbox = careless();
    let plain = sandbox.run(["validate", "--json"]).expect_code(2).json();
    assert_eq!(
        codes(&plain),
        [
            ("container-name", "warning"),
            ("plain-secret", "warning"),
            ("unknown-key", "error"),
        ]
    );
    let words = ["--allow", "container-name", "--warn", "unknown-key"];
    let lowered = report(&sandbox, words, 0);
    assert_eq!(
        codes(&lowered),
        [("plain-secret", "warning"), ("unknown-key", "warning")]
    );
    let words = ["--allow", "unknown-key", "--deny", "plain-secret"];
    let denied = report(&sandbox, words, 2);
    assert_eq!(
        codes(&denied),
        [("container-name", "warning"), ("plain-secret", "error")]
    );
    let words = ["--deny", "warnings", "--allow", "container-name"];
    let all = report(&sandbox, words, 2);
    assert!(codes(&all).iter().all(|(_, level)| *level == "error"));
}

#[test]
fn what_makes_a_file_unusable_cannot_be_lowered() {
    let sandbox = sandbox();
    let ended = sandbox
        .run(["validate", "--allow", "wrong-type"])
        .expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error: `wrong-type` is always an error: a file with it cannot be used
    hint: `shipway explain wrong-type` tells how to mend it
    ");
    let ended = sandbox
        .run(["validate", "--deny", "unknown-keys"])
        .expect_code(2);
    ended.expect_told(&["there is no diagnostic `unknown-keys`", "`unknown-key`?"]);
}

#[test]
fn mistakes_in_shipway_yml_come_in_every_form() {
    let sandbox = sandbox();
    sandbox.write("shipway.yml", "version: 1\nproject: app\nservices: 1\n");
    let report = sandbox.run(["validate", "--json"]).expect_code(2).json();
    assert_eq!(report["diagnostics"][0]["file"], "shipway.yml", "{report}");
    let lines = sandbox
        .run(["validate", "--format", "github"])
        .expect_code(2)
        .stdout;
    assert!(
        lines.starts_with("::error title=config,file=shipway.yml"),
        "{lines}"
    );
}

#[test]
fn code_hosts_get_sarif_with_the_rules_it_names() {
    let sandbox = careless();
    let log = sandbox
        .run(["validate", "--format", "sarif"])
        .expect_code(2)
        .json();
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("a list");
    assert_eq!(results.len(), 3, "{log:#}");
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(
            place["artifactLocation"]["uri"], "docker-compose.production.yml",
            "{result:#}"
        );
        let rules = run["tool"]["driver"]["rules"].as_array().expect("a list");
        assert!(
            rules.iter().any(|rule| rule["id"] == result["ruleId"]),
            "{result:#}"
        );
    }
}

#[test]
fn every_code_is_listed_and_explained() {
    let sandbox = empty();
    let list = sandbox.run_well(["explain"]).stdout;
    assert!(list.contains("  unknown-key "), "{list}");
    let page = sandbox
        .run_well(["explain", "warning[floating-tag]"])
        .stdout;
    assert!(page.starts_with("# floating-tag\n"), "{page}");
    assert!(
        page.contains("shipway validate --allow floating-tag"),
        "{page}"
    );
    let ended = sandbox.run(["explain", "floating-tags"]).expect_code(2);
    ended.expect_told(&["did you mean `floating-tag`?"]);
}
