use serde_json::json;

use super::*;

fn side(services: &[(&str, Role, Value)]) -> Side {
    Side {
        services: services
            .iter()
            .map(|(name, role, keys)| Service {
                name: (*name).to_owned(),
                role: Some(*role),
                keys: keys.clone(),
            })
            .collect(),
        resources: Map::new(),
    }
}

fn only(before: Value, after: Value, role: Role) -> ServiceDifference {
    let mut found = compare(
        &side(&[("one", role, before)]),
        &side(&[("one", role, after)]),
    );
    assert_eq!(found.services.len(), 1, "{found:#?}");
    found.services.remove(0)
}

#[test]
fn the_same_differs_in_nothing() {
    let one = side(&[("web", Role::Web, json!({ "image": "shop", "labels": null }))]);
    let same = side(&[("web", Role::Web, json!({ "image": "shop" }))]);
    assert!(compare(&one, &same).is_empty());
}

#[test]
fn each_key_has_an_effect_and_the_largest_is_the_services() {
    let found = only(
        json!({ "image": "a", "build": { "context": "." }, "deploy": { "replicas": 1 }, "x-note": "a" }),
        json!({ "image": "b", "build": { "context": "web" }, "deploy": { "replicas": 2 }, "x-note": "b" }),
        Role::Web,
    );
    let effects: Vec<(String, Effect)> = found
        .changes
        .iter()
        .map(|change| (change.path.join("."), change.effect))
        .collect();
    assert_eq!(
        effects,
        [
            ("image".to_owned(), Effect::Recreate),
            ("build.context".to_owned(), Effect::None),
            ("deploy.replicas".to_owned(), Effect::Scale),
            ("x-note".to_owned(), Effect::None),
        ]
    );
    assert_eq!(found.effect, Effect::Recreate);
    assert!(!found.downtime);
}

#[test]
fn replacing_what_both_colours_share_is_a_step_with_downtime() {
    let found = only(
        json!({ "image": "postgres:16" }),
        json!({ "image": "postgres:17" }),
        Role::Stateful,
    );
    assert!(found.downtime);
    let found = only(
        json!({ "image": "a", "pull_policy": "always" }),
        json!({ "image": "a", "pull_policy": "missing" }),
        Role::Stateful,
    );
    assert_eq!((found.effect, found.downtime), (Effect::None, false));
}

#[test]
fn items_of_a_list_are_told_by_what_they_are_about() {
    let port = |target: u16, published: &str| json!({ "target": target, "published": published, "protocol": "tcp" });
    let found = only(
        json!({ "ports": [port(80, "80"), port(443, "443")], "command": ["a", "b"] }),
        json!({ "ports": [port(443, "443"), port(80, "8080")], "command": ["a"] }),
        Role::Web,
    );
    let paths: Vec<String> = found
        .changes
        .iter()
        .map(|change| change.path.join("."))
        .collect();
    assert_eq!(paths, ["ports.80/tcp.published", "command"]);
}

#[test]
fn a_service_of_one_side_is_started_or_stopped() {
    let one = side(&[("web", Role::Web, json!({}))]);
    let both = side(&[
        ("web", Role::Web, json!({})),
        ("db", Role::Stateful, json!({ "image": "x" })),
    ]);
    let added = &compare(&one, &both).services;
    assert_eq!((added.len(), added[0].presence), (1, Presence::Added));
    assert!(!added[0].downtime);
    let removed = &compare(&both, &one).services;
    assert_eq!(removed[0].presence, Presence::Removed);
}

#[test]
fn who_uses_a_secret_that_changed_has_to_read_it_anew() {
    let with = |file: &str| {
        let keys = json!({ "secrets": [{ "source": "key", "target": "/run/secrets/key" }] });
        let mut side = side(&[("web", Role::Web, keys), ("db", Role::Stateful, json!({}))]);
        side.resources
            .insert("secrets".to_owned(), json!({ "key": { "file": file } }));
        side
    };
    let found = compare(&with("a"), &with("b"));
    assert_eq!(found.resources[0].path, ["secrets", "key", "file"]);
    assert_eq!(found.services.len(), 1);
    assert_eq!(
        (found.services[0].name.as_str(), found.services[0].effect),
        ("web", Effect::Restart)
    );
}

#[test]
fn settings_are_for_the_next_deployment() {
    let changes = compare_settings(
        &json!({ "strategy": "rolling", "bake": { "duration": "5m" } }),
        &json!({ "strategy": "rolling", "bake": { "duration": "1m" } }),
    );
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].path.join("."), changes[0].effect),
        ("bake.duration".to_owned(), Effect::NextDeployment)
    );
}
