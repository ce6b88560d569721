use super::*;
use crate::config::{Confirm, Trigger};
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

fn problems(text: &str) -> Vec<Problem> {
    parse(text).unwrap_err()
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
    assert_eq!((found[0].line, found[0].column), (9, 5), "{found:?}");
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
    assert!(found.iter().all(|problem| problem.line >= 8));
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
    assert_eq!(found[0].line, 8, "{found:?}");
}

#[test]
fn two_routed_services_are_refused() {
    let text = SMALL.replace("environments:", "  api: { role: web }\nenvironments:");
    assert!(problems(&text)[0].message.contains("second service"));
}

#[test]
fn duplicate_keys_and_broken_yaml_have_a_place() {
    let found = problems(&SMALL.replace("project: shop", "project: shop\nproject: shop"));
    assert_eq!(found[0].line, 2, "{found:?}");
    assert!(problems("project: [")[0].line >= 1);
}

#[test]
fn a_wrong_type_says_what_is_expected() {
    let found = problems(&SMALL.replace("port: 8000", "port: many"));
    assert_eq!(found[0].line, 3, "{found:?}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }
}
