use proptest::prelude::*;

use super::*;
use crate::yaml::{Limits, Span, Tag, parse};

fn parsed(text: &str) -> Node {
    parse(text, 0, Limits::default()).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

#[test]
fn blocks_are_indented_and_strings_quoted_where_needed() {
    let text = "name: shop\nservices:\n  web:\n    image: \"x:1.10\"\n    tty: true\n    \
                ports:\n      - 80\n      - \"80:80\"\n      - target: 81\n        mode: host\n    labels:\n      \"on\": \"no\"\n    \
                nothing: null\n    empty: []\n    none: {}\n    reset: !reset null\n";
    assert_eq!(render(&parsed(text)), text);
}

#[test]
fn values_that_look_like_something_else_stay_strings() {
    for text in [
        "1.10",
        "true",
        "yes",
        "null",
        "~",
        "",
        " x",
        "x ",
        "- a",
        "a: b",
        "#",
        "012",
        "\u{7f}\u{2028}é\u{1f600}",
        "a\nb\n",
        "\"\\",
    ] {
        let node = Node::string(text, Span::default());
        assert!(parsed(&render(&node)).same_value(&node), "{text:?}");
    }
}

#[test]
fn long_keys_survive() {
    let key = "k ".repeat(2000);
    let text = format!("a:\n  ? \"{key}\"\n  : 1\n");
    assert_eq!(render(&parsed(&text)), text);
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,8}",
        Just("true".to_owned()),
        Just("1.10".to_owned()),
        Just("<<".to_owned()),
    ]
}

fn any_node() -> impl Strategy<Value = Node> {
    let span = Span::default();
    let leaf = prop_oneof![
        Just(Node::default()),
        any_text().prop_map(move |text| Node::string(text, span)),
        prop_oneof![
            Just("true"),
            Just("1.10"),
            Just("0x1F"),
            Just("-3"),
            Just(".inf")
        ]
        .prop_map(move |text| Node::plain(text, span)),
    ];
    let tag = prop_oneof![
        8 => Just(None),
        1 => Just(Some(Tag::Reset)),
        1 => Just(Some(Tag::Override)),
    ];
    let tree = leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(move |items| Node::sequence(items, span)),
            prop::collection::vec((any_text(), inner), 0..5).prop_map(move |entries| {
                let mut mapping = Mapping::new();
                for (key, node) in entries {
                    mapping.insert(key, span, node);
                }
                Node::mapping(mapping, span)
            }),
        ]
    });
    (tree, tag).prop_map(|(node, tag)| Node { tag, ..node })
}

proptest! {
    #[test]
    fn what_is_rendered_is_parsed_again(node in any_node()) {
        let text = render(&node);
        let again = parsed(&text);
        prop_assert!(again.same_value(&node), "{text}\n{again:?}");
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        let _ = parse(&text, 0, Limits::default());
    }

    #[test]
    fn any_text_of_yaml_signs_is_parsed_or_refused(text in "[-:#&*!|>'\"%@`{}\\[\\],?a<~ \n\té]{0,60}") {
        if let Ok(node) = parse(&text, 0, Limits::default()) {
            prop_assert!(parsed(&render(&node)).same_value(&node), "{}", render(&node));
        }
    }
}
