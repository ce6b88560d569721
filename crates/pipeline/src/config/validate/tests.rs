use super::*;
use crate::config::{Confirm, RuntimeKind, Trigger};
use crate::strategy::Strategy;

const SMALL: &str = "\
project: shop
services:
  web: { role: web, port: 8000 }
environments:
  testing:
    branches: main
    route: { listen: 8081 }
  production:
    from: testing
    route: { listen: '0.0.0.0:80', host: shop.example.org }
";

fn problems(text: &str) -> Vec<Diagnostic> {
    parse(text).unwrap_err()
}

/// Line and column of what is wrong.
fn place(problem: &Diagnostic) -> (u32, u32) {
    let span = problem.labels[0].span;
    (span.line, span.column)
}

/// One line for each problem: place, message, help.
fn told(text: &str) -> String {
    let line = |problem: &Diagnostic| {
        let (line, column) = place(problem);
        let help = problem.help.as_ref().map(|help| format!("; {help}"));
        let help = help.unwrap_or_default();
        format!("{line}:{column} {}{help}\n", problem.message)
    };
    problems(text).iter().map(line).collect()
}

#[test]
fn what_is_not_said_has_a_default() {
    let config = parse(SMALL).unwrap();
    let testing = &config.environments[0];
    assert_eq!(testing.trigger, Trigger::Push);
    assert_eq!(testing.confirm, Confirm::None);
    assert_eq!(testing.route.listen.to_string(), "127.0.0.1:8081");
    assert_eq!(
        testing.compose,
        ["docker-compose.yml", "docker-compose.testing.yml"]
    );
    let production = config.environments.values().last().unwrap();
    assert_eq!(production.trigger, Trigger::Manual);
    assert_eq!(production.confirm, Confirm::Name);
    assert_eq!(production.strategy, Strategy::BlueGreen);
    assert_eq!(production.bake.min_requests, 300);
}

#[test]
fn a_misspelt_key_is_named_with_its_place_and_the_way_out() {
    let text = SMALL.replace("from: testing", "form: testing");
    let found = problems(&text);
    assert_eq!(place(&found[0]), (9, 5), "{found:?}");
    assert!(found[0].message.contains("`form`"), "{found:?}");
    assert_eq!(
        found[0].help.as_deref(),
        Some("did you mean `from`?"),
        "{found:?}"
    );
}

#[test]
fn several_problems_come_at_once() {
    let text = SMALL
        .replace("from: testing", "from: tesing\n    bake: { duration: 5 }")
        .replace("'0.0.0.0:80'", "'nowhere:80'");
    let found = problems(&text);
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0].help.as_deref(), Some("did you mean `testing`?"));
    assert!(found.iter().all(|problem| place(problem).0 >= 8));
}

#[test]
fn a_circle_of_promotions_is_refused() {
    let text = SMALL.replace("branches: main", "from: production");
    assert!(problems(&text)[0].message.contains("circle"));
}

#[test]
fn two_environments_on_one_address_and_host_are_refused() {
    let text = SMALL.replace(
        "listen: 8081",
        "listen: '0.0.0.0:80', host: shop.example.org",
    );
    let found = problems(&text);
    assert!(found[0].message.contains("`shop.example.org`"), "{found:?}");
    assert_eq!(place(&found[0]).0, 8, "{found:?}");
}

#[test]
fn two_routed_services_are_refused() {
    let text = SMALL.replace("environments:", "  api: { role: web }\nenvironments:");
    assert!(problems(&text)[0].message.contains("second service"));
}

#[test]
fn duplicate_keys_and_broken_yaml_have_a_place() {
    let found = problems(&SMALL.replace("project: shop", "project: shop\nproject: shop"));
    assert_eq!(place(&found[0]).0, 2, "{found:?}");
    assert!(place(&problems("project: [")[0]).0 >= 1);
}

#[test]
fn a_wrong_type_says_what_is_expected() {
    let found = problems(&SMALL.replace("port: 8000", "port: many"));
    assert_eq!(place(&found[0]).0, 3, "{found:?}");
}

#[test]
fn mistakes_of_all_kinds_come_at_once_in_the_order_of_the_file() {
    let text = "\
project: 7
sevices: {}
environments:
  testing:
    strategy: blue_green
    branches: [main, 1.10]
    route: { listen: 70000, hosts: a }
    bake: { duration: 5, min_requests: some, max_error_rate: 2 }
  production:
    from: [testing]
    health: yes
";
    insta::assert_snapshot!(told(text), @r#"
    1:10 `project` is a number, `7`: expected a name in lower case
    2:1 unknown key `sevices` in the file; did you mean `services`?
    5:15 `environments.testing.strategy` is `blue_green`: expected one of `recreate`, `rolling`, `blue-green`; did you mean `blue-green`?
    6:22 `environments.testing.branches[1]` is a number, `1.10`: expected a text; write it in quotes: `"1.10"`
    7:22 `environments.testing.route.listen` is `70000`: expected a whole number from 1 to 65535 or an address and a port
    7:29 unknown key `hosts` in `environments.testing.route`; did you mean `host`?
    8:23 `environments.testing.bake.duration` is a number, `5`: expected a duration such as `90s` or `1m30s`
    8:40 `environments.testing.bake.min_requests` is a string, `some`: expected a whole number
    8:62 `environments.testing.bake.max_error_rate` is `2`: expected a share such as `1%` or a number from 0 to 1
    9:3 `environments.production` has no `route`
    10:11 `environments.production.from` is a list: expected a name in lower case
    11:13 `environments.production.health` is a string, `yes`: expected a mapping; a mapping is lines of `key: value`, or `{ key: value }`
    "#);
}

#[test]
fn keys_without_a_value_are_as_if_they_were_not_there() {
    let text = format!("{SMALL}    health:\n    bake:\n    profiles:\n");
    assert_eq!(parse(&text), parse(SMALL));
}

#[test]
fn a_key_that_must_be_there_may_not_be_empty() {
    let found = problems("project: shop\nenvironments:\n");
    assert_eq!(place(&found[0]), (2, 1));
    assert!(found[0].message.contains("is empty"), "{found:?}");
    let found = problems("# nothing yet\n");
    assert!(found[0].message.contains("the file is empty"), "{found:?}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }
}

#[test]
fn a_registry_is_an_address_and_several_platforms_need_one() {
    let with = |lines: &str| format!("{lines}\n{SMALL}");
    let good =
        "registry: { repository: 127.0.0.1:5000/shop }\nplatforms: [linux/amd64, linux/arm64]";
    let config = parse(&with(good)).unwrap();
    assert_eq!(config.registry.unwrap().repository, "127.0.0.1:5000/shop");
    assert_eq!(config.platforms, ["linux/amd64", "linux/arm64"]);
    assert!(parse(&with("platforms: [linux/arm64]")).is_ok());
    let refused = told(&with("platforms: [linux/amd64, linux/arm64]"));
    assert!(
        refused.starts_with("1:12 several `platforms` need a `registry`"),
        "{refused}"
    );
    let refused = told(&with("registry: { repository: acme/shop }"));
    assert!(
        refused.starts_with("1:25 `acme/shop` is no repository"),
        "{refused}"
    );
    let refused = told(&with("platforms: [linux/arm64, linux/arm64]"));
    assert!(
        refused.contains("`linux/arm64` is named twice"),
        "{refused}"
    );
}

#[test]
fn a_project_is_adopted_by_its_name_and_once() {
    let text = SMALL.replace("from: testing", "adopt: shop");
    let config = parse(&text).unwrap();
    let production = config.environments.values().last().unwrap();
    assert_eq!(production.adopt.as_deref(), Some("shop"));
    let text = SMALL.replace("from: testing", "adopt: My Shop");
    let expected = "9:12 `My Shop` is no name of a Compose project; \
                    `docker compose ls` shows the names of those that run\n";
    assert_eq!(told(&text), expected);
    let text = SMALL
        .replace("from: testing", "adopt: shop")
        .replace("branches: main", "adopt: shop");
    assert!(told(&text).contains("`production` and `testing` adopt the same project"));
}

#[test]
fn a_release_goes_only_where_the_same_runs_it() {
    let text = SMALL
        .replace("branches: main", "runtime: process")
        .replace("from: testing", "from: testing\n    runtime: compose");
    assert!(told(&text).contains("only one of them runs containers"));
    // Whichever comes first in the file.
    let text = "project: shop\nenvironments:\n  \
                b: { from: a, runtime: compose, route: { listen: 1 } }\n  \
                a: { runtime: process, route: { listen: 2 } }\n";
    assert!(told(text).contains("only one of them runs containers"));
}

#[test]
fn another_host_runs_containers_and_has_addresses_of_its_own() {
    let host = "from: testing\n    host: ssh://deploy@shop.example.org";
    let text = SMALL.replace("from: testing", host);
    let config = parse(&text).unwrap();
    let production = config.environments.values().last().unwrap();
    let said = production.host.as_ref().unwrap().to_string();
    assert_eq!(said, "ssh://deploy@shop.example.org");
    assert_eq!(production.runtime, Some(RuntimeKind::Compose));
    let same_address = text.replace("'0.0.0.0:80', host: shop.example.org", "8081");
    assert!(parse(&same_address).is_ok());
    let text = SMALL.replace("from: testing", "host: ssh://-oProxyCommand=x");
    assert!(told(&text).contains("is no engine's host; write `ssh://user@host:port`"));
    let text = SMALL.replace("from: testing", &format!("runtime: process\n    {host}"));
    assert!(told(&text).contains("`runtime` says `process`"));
}
