use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use shipway_compose::yaml::{Limits, Node, parse, render};

use super::*;
use crate::config::{self, raw, tree};

const STOREFRONT: &str = include_str!("../../../../../examples/storefront/shipway.yml");

fn validator() -> &'static Validator {
    static VALIDATOR: LazyLock<Validator> =
        LazyLock::new(|| jsonschema::draft7::new(schema()).expect("the schema is one"));
    &VALIDATOR
}

fn tree_of(text: &str) -> Node {
    parse(text, 0, Limits::default()).unwrap()
}

fn json_of(node: &Node) -> Value {
    tree::from_node(node).unwrap()
}

/// What the schema says, and what the parser says: whether the file is read at all, and whether
/// its structure is right.
fn verdicts(text: &str) -> (bool, bool, bool) {
    let mut tree = tree_of(text);
    let by_schema = validator().is_valid(&json_of(&tree));
    let findings = check(schema(), &mut tree);
    let is_structured = findings.problems.is_empty()
        && findings.is_readable
        && tree::from_node::<raw::Config>(&tree).is_ok();
    (by_schema, config::parse(text).is_ok(), is_structured)
}

/// What the schema refuses is refused, and what it lets through has the right structure.
#[track_caller]
fn assert_agreement(text: &str) {
    let (by_schema, is_read, is_structured) = verdicts(text);
    assert!(by_schema || !is_read, "only the schema refuses:\n{text}");
    assert!(
        !by_schema || is_structured,
        "only the parser refuses:\n{text}{:#?}",
        config::parse(text)
    );
}

#[test]
fn it_is_a_schema_of_draft_07() {
    assert!(jsonschema::draft7::meta::is_valid(schema()));
    assert_eq!(
        schema()["$schema"],
        "http://json-schema.org/draft-07/schema#"
    );
}

#[test]
fn it_takes_what_is_valid() {
    for text in [STOREFRONT, &config::reference::annotated()] {
        let json = json_of(&tree_of(text));
        let errors: Vec<String> = validator()
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0], "{text}");
    }
}

#[test]
fn every_key_has_a_meaning_and_says_what_holds_without_it() {
    for section in config::reference::sections() {
        assert!(!section.meaning.is_empty(), "{}", section.path);
        for key in section.keys {
            let name = format!("{}.{}", section.path, key.name);
            assert!(!key.meaning.is_empty(), "{name}");
            assert!(!key.takes.is_empty(), "{name}");
        }
    }
}

#[test]
fn the_defaults_of_the_schema_are_those_that_hold() {
    let small = "project: shop\nenvironments:\n  testing:\n    route: { listen: 8000 }\n";
    let small = config::parse(small).unwrap();
    assert_eq!(config::parse(&config::reference::annotated()), Ok(small));
}

#[test]
fn schema_and_parser_agree_on_values() {
    let good = "\
project: shop
environments:
  testing:
    route: { listen: 8000 }
";
    let with = |line: &str| format!("{good}    {line}\n");
    for line in [
        "bake: { duration: 5s }",
        "bake: { duration: 1m30s }",
        "bake: { max_error_rate: 2% }",
        "bake: { max_error_rate: 100 % }",
        "bake: { max_error_rate: 0.5 }",
        "bake: { max_error_rate: '0.5' }",
        "bake: { max_error_rate: 0 }",
        "bake: { max_latency_ratio: 2 }",
        "health: { path: / }",
        "health: { path: /a?b=c }",
        "compose: compose.yaml",
        "branches: [main, 'release/*']",
        "profiles: debug",
        "required: []",
        "trigger: manual",
    ] {
        assert_eq!(verdicts(&with(line)), (true, true, true), "{line}");
    }
    for line in [
        "bake: { duration: 5 }",
        "bake: { duration: '5' }",
        "bake: { duration: 5 s }",
        "bake: { duration: '' }",
        "bake: { max_error_rate: 2 }",
        "bake: { max_error_rate: 101% }",
        "bake: { max_error_rate: -1 }",
        "bake: { max_latency_ratio: 0.9 }",
        "bake: { max_latency_ratio: high }",
        "bake: { min_requests: -1 }",
        "bake: { min_requests: 1.5 }",
        "health: { path: health }",
        "health: { path: /a b }",
        "health: []",
        "strategy: blue_green",
        "strategy: [rolling]",
        "trigger: true",
        "from: Testing",
        "branches: 1.10",
        "unknown: 1",
        "required: SECRET_KEY",
    ] {
        let (by_schema, is_read, _) = verdicts(&with(line));
        assert_eq!((by_schema, is_read), (false, false), "{line}");
    }
}

/// Values of every kind.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..70000).prop_map(Value::from),
        (-2.0..3.0).prop_map(Value::from),
        "[a-z0-9/%. ]{0,6}".prop_map(Value::from),
        Just(json!("rolling")),
        Just(json!("30s")),
        Just(json!([])),
        Just(json!(["a", "/b"])),
        Just(json!([1])),
        Just(json!({})),
        Just(json!({ "path": "/", "timeout": "1s" })),
    ]
}

/// Every value of a document, in an order of its own.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                pointers(value, &format!("{at}/{key}"), all);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                pointers(value, &format!("{at}/{index}"), all);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn schema_and_parser_agree_on_structure(
        which in any::<prop::sample::Index>(),
        value in any_value(),
        change in 0..3,
    ) {
        let mut document = json_of(&tree_of(STOREFRONT));
        let mut all = Vec::new();
        pointers(&document, "", &mut all);
        let pointer = which.get(&all);
        match change {
            0 => *document.pointer_mut(pointer).unwrap() = value,
            1 => {
                if let Some(Value::Object(entries)) = document.pointer_mut(pointer) {
                    entries.insert("another".to_owned(), value);
                }
            }
            _ => {
                let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", ""));
                if let Some(Value::Object(entries)) = document.pointer_mut(parent) {
                    entries.shift_remove(key);
                }
            }
        }
        // JSON is YAML; rendering it as our YAML makes failures readable.
        let text = render(&tree_of(&document.to_string()));
        assert_agreement(&text);
    }
}
