use crate::merge::{merge, normalise, settle};
use crate::yaml::{Limits, Node, parse, render};

fn parsed(text: &str) -> Node {
    let mut node = parse(text, 0, Limits::default()).unwrap();
    normalise(&mut node);
    node
}

fn service(text: &str) -> Node {
    parsed(&format!("services: {{web: {text}}}"))
}

/// Merges two services written in one line and returns the result as text.
fn merged(base: &str, over: &str) -> String {
    let merged = merge(service(base), service(over)).unwrap();
    render(merged.at(&["services", "web"]).unwrap())
}

fn normal(text: &str) -> String {
    let mut node = service(text);
    settle(&mut node);
    render(node.at(&["services", "web"]).unwrap())
}

fn check(base: &str, over: &str, expected: &str) {
    assert_eq!(merged(base, over), normal(expected), "{base} + {over}");
}

#[test]
fn mappings_merge_and_scalars_are_replaced() {
    check(
        "{image: a, tty: true}",
        "{image: b, user: c}",
        "{image: b, tty: true, user: c}",
    );
    check(
        "{deploy: {replicas: 1, mode: x}}",
        "{deploy: {replicas: 2}}",
        "{deploy: {replicas: 2, mode: x}}",
    );
    check("{image: a}", "{image: null}", "{image: a}");
    check("{image: a}", "", "{image: a}");
}

#[test]
fn mappings_and_lists_of_pairs_are_one() {
    check(
        "{environment: [A=1, B=2, C], labels: {x: 1}}",
        "{environment: {B: true, D: null}, labels: [x=1.10, y]}",
        "{environment: {A: '1', B: 'true', C: null, D: null}, labels: {x: '1.10', y: null}}",
    );
    check(
        "{build: .}",
        "{build: {args: [A=1]}}",
        "{build: {context: ., args: {A: '1'}}}",
    );
    check(
        "{depends_on: [a, b]}",
        "{depends_on: {b: {condition: service_healthy}}}",
        "{depends_on: {a: {condition: service_started, required: true}, b: {condition: service_healthy, required: true}}}",
    );
    check(
        "{networks: [a]}",
        "{networks: {b: {aliases: [x]}}}",
        "{networks: {a: null, b: {aliases: [x]}}}",
    );
}

#[test]
fn commands_and_tests_are_replaced() {
    check(
        "{command: [a, b], entrypoint: x, healthcheck: {test: [CMD, a], retries: 3}}",
        "{command: c, entrypoint: [y], healthcheck: {test: b}}",
        "{command: c, entrypoint: [y], healthcheck: {test: b, retries: 3}}",
    );
}

#[test]
fn lists_append() {
    check(
        "{security_opt: [a]}",
        "{security_opt: [a, b]}",
        "{security_opt: [a, a, b]}",
    );
    check("{dns: a}", "{dns: [b, a]}", "{dns: [a, b]}");
    check(
        "{env_file: a.env}",
        "{env_file: [{path: b.env}, a.env]}",
        "{env_file: [a.env, {path: b.env}]}",
    );
    check(
        "{extra_hosts: {h: [1, 2]}}",
        "{extra_hosts: ['h=2', 'i=3']}",
        "{extra_hosts: ['h=1', 'h=2', 'i=3']}",
    );
}

#[test]
fn what_is_mounted_at_one_place_is_replaced() {
    check(
        "{volumes: ['aa:/x', 'bb:/y/', '/z']}",
        "{volumes: [{type: bind, source: ./c, target: /y}, 'dd:/x:ro']}",
        "{volumes: ['dd:/x:ro', {type: bind, source: ./c, target: /y}, '/z']}",
    );
    check(
        "{devices: ['/a:/d:r']}",
        "{devices: ['/b:/d']}",
        "{devices: ['/b:/d']}",
    );
    check(
        "{tmpfs: '/run:size=1m'}",
        "{tmpfs: ['/run:size=2m']}",
        "{tmpfs: ['/run:size=2m']}",
    );
    check(
        "{secrets: [a, b]}",
        "{secrets: [{source: c, target: /run/secrets/a}, {source: b, target: x}]}",
        "{secrets: [{source: c, target: /run/secrets/a}, b, {source: b, target: x}]}",
    );
    check(
        "{configs: [a]}",
        "{configs: [{source: b, target: /a}]}",
        "{configs: [{source: b, target: /a}]}",
    );
}

#[test]
fn ports_are_the_same_when_all_their_parts_are() {
    check(
        "{ports: ['80:80', '81:81', 82]}",
        "{ports: ['80:80/tcp', {target: 81, published: 81, protocol: udp}, {target: 82}]}",
        "{ports: ['80:80/tcp', '81:81', {target: 82}, {target: 81, published: 81, protocol: udp}]}",
    );
    // The place of the first, the form of the last.
    check(
        "{ports: ['80:80']}",
        "{ports: ['127.0.0.1:80:80']}",
        "{ports: ['80:80', '127.0.0.1:80:80']}",
    );
}

#[test]
fn options_of_another_logging_driver_do_not_stay() {
    check(
        "{logging: {driver: a, options: {x: 1}}}",
        "{logging: {driver: b, options: {y: 2}}}",
        "{logging: {driver: b, options: {y: 2}}}",
    );
    check(
        "{logging: {driver: a, options: {x: 1}}}",
        "{logging: {options: {y: 2}}}",
        "{logging: {driver: a, options: {x: 1, y: 2}}}",
    );
}

#[test]
fn reset_takes_away() {
    check(
        "{image: a, ports: [80]}",
        "{ports: !reset []}",
        "{image: a}",
    );
    check(
        "{environment: {A: 1, B: 2}}",
        "{environment: {A: !reset null}}",
        "{environment: {B: 2}}",
    );
    check(
        "{environment: [A=1, B=2]}",
        "{environment: [!reset A]}",
        "{environment: {B: '2'}}",
    );
    check(
        "{image: a}",
        "{deploy: {replicas: !reset 1, mode: x}}",
        "{image: a, deploy: {mode: x}}",
    );
    check("{ports: !reset [80]}", "{ports: [81]}", "{ports: [81]}");
}

#[test]
fn override_replaces() {
    check(
        "{ports: [80], image: a}",
        "{ports: !override [81]}",
        "{ports: [81], image: a}",
    );
    check(
        "{environment: {A: 1}}",
        "{environment: !override [B=2]}",
        "{environment: {B: '2'}}",
    );
    check(
        "{build: {context: ., target: x}}",
        "{build: !override ./y}",
        "{build: {context: ./y}}",
    );
}

#[test]
fn other_kinds_are_refused_with_both_places() {
    let errors = merge(
        service("{deploy: {replicas: 1}, cap_add: {a: 1}}"),
        service("{deploy: 1, cap_add: [b]}"),
    )
    .unwrap_err();
    assert_eq!(errors.len(), 2);
    assert_eq!(
        errors[0].message,
        "`services.web.deploy` is a number here but a mapping in an earlier file"
    );
    assert_eq!(errors[0].labels.len(), 2);
    check(
        "{ulimits: {nofile: {soft: 1, hard: 2}}}",
        "{ulimits: {nofile: 5}}",
        "{ulimits: {nofile: 5}}",
    );
}

#[test]
fn the_later_file_is_where_things_stand() {
    let base = parsed("services:\n  web: {image: a}\n");
    let over = parse("\n\nservices:\n  web: {image: b}\n", 1, Limits::default()).unwrap();
    let merged = merge(base, over).unwrap();
    let services = merged.get("services").and_then(Node::as_map).unwrap();
    let span = services.entry("web").unwrap().key_span;
    assert_eq!((span.source, span.line), (1, 4));
}

mod properties {
    use proptest::prelude::*;

    use super::*;
    use crate::yaml::{Mapping, Span};

    fn any_service() -> impl Strategy<Value = Node> {
        let text = "[a-c]{0,2}(=|:|/)?[a-c]?";
        let leaf = prop_oneof![
            Just(Node::default()),
            text.prop_map(|text| Node::string(text, Span::default())),
        ];
        let value = leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| Node::sequence(items, Span::default())),
                prop::collection::vec(("[a-c]", inner), 0..4).prop_map(mapping),
            ]
        });
        let keys = prop::sample::select(vec![
            "image",
            "environment",
            "ports",
            "volumes",
            "build",
            "depends_on",
            "command",
            "networks",
            "secrets",
            "extra_hosts",
            "ulimits",
            "logging",
            "deploy",
            "dns",
            "tmpfs",
        ]);
        prop::collection::vec((keys.prop_map(str::to_owned), value), 0..6).prop_map(|entries| {
            let web = vec![("web".to_owned(), mapping(entries))];
            let mut root = mapping(vec![("services".to_owned(), mapping(web))]);
            normalise(&mut root);
            settle(&mut root);
            root
        })
    }

    fn mapping(entries: Vec<(String, Node)>) -> Node {
        let mut mapping = Mapping::new();
        for (key, node) in entries {
            mapping.insert(key, Span::default(), node);
        }
        Node::mapping(mapping, Span::default())
    }

    proptest! {
        #[test]
        fn merging_with_nothing_changes_nothing(file in any_service()) {
            let nothing = Node::default();
            prop_assert!(merge(file.clone(), nothing.clone()).unwrap().same_value(&file));
            prop_assert!(merge(nothing, file.clone()).unwrap().same_value(&file));
            let empty = mapping(Vec::new());
            prop_assert!(merge(file.clone(), empty).unwrap().same_value(&file));
        }

        #[test]
        fn normalising_twice_changes_nothing_more(file in any_service()) {
            let mut again = file.clone();
            normalise(&mut again);
            prop_assert!(again.same_value(&file), "{}", render(&file));
        }

        #[test]
        fn merging_any_two_ends(base in any_service(), over in any_service()) {
            let _ = merge(base, over);
        }
    }
}
