//! Strings with and without variables, and where the variables come from.

use proptest::prelude::*;

use super::node::{list, map, plain, text};
use shipway_compose::yaml::Node;

/// Variables that files use; some are set, some are empty, some are not there.
const NAMES: [&str; 4] = ["SET", "EMPTY", "GONE", "TAG"];

/// The environment.
pub(super) fn environment() -> impl Strategy<Value = Vec<(String, String)>> {
    let value = prop::sample::select(&["value", "1.10", "yes", "a b", "x$y", "0", "null", ""][..]);
    let names = prop::sample::subsequence(&NAMES[..], 0..=NAMES.len());
    names.prop_flat_map(move |names| {
        let values = prop::collection::vec(value.clone(), names.len());
        values.prop_map(move |values| {
            let pairs = names.iter().zip(values);
            pairs
                .map(|(name, value)| ((*name).to_owned(), value.to_owned()))
                .collect()
        })
    })
}

/// Files for `env_file` and `label_file`.
pub(super) fn environment_files() -> [(String, String); 2] {
    let one = "# one\nFROM_FILE=one\nBOTH=one\nQUOTED=\"a $SET b\\n\"\nRAW='$SET'\n";
    let two = "export BOTH=two\nAFTER=${BOTH}-${GONE:-none}\nSET\n";
    [("one.env", one), ("two.env", two)].map(|(name, text)| (name.to_owned(), text.to_owned()))
}

/// A word, maybe with a variable in it.
pub(super) fn word() -> BoxedStrategy<Node> {
    prop_oneof![
        3 => letters(),
        1 => (letters(), variable()).prop_map(|(word, variable)| format!("{word}{variable}")),
        1 => (letters(), variable(), letters()).prop_map(|(a, variable, b)| format!("{a}-{variable}-{b}")),
    ]
    .prop_map(text)
    .boxed()
}

/// Any text, with quotes, escapes and variables.
pub(super) fn prose() -> BoxedStrategy<Node> {
    prop_oneof![
        2 => "[ -~]{0,12}".prop_map(|text| text.replace('$', "$$")),
        1 => "[a-zäß日:#'\"{}\\[\\],&*!|>%@`-]{0,12}",
        1 => "[a-z]{1,4}(\n[a-z ]{1,4}){1,3}\n?",
        2 => (variable(), "[a-z :]{0,5}", variable()).prop_map(|(a, b, c)| format!("{a}{b}{c}")),
    ]
    .prop_map(text)
    .boxed()
}

fn letters() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,6}"
}

/// A variable in one of its forms. None of those that can refuse.
fn variable() -> BoxedStrategy<String> {
    let name = prop::sample::select(&NAMES[..]);
    let form = prop::sample::select(&["-", ":-", "+", ":+"][..]);
    let inner = prop_oneof![
        Just(String::new()),
        "[a-z0-9./]{1,6}",
        prop::sample::select(&NAMES[..]).prop_map(|name| format!("${{{name}:-deep}}")),
        Just("$$x".to_owned()),
    ];
    prop_oneof![
        name.clone().prop_map(|name| format!("${name}")),
        name.clone().prop_map(|name| format!("${{{name}}}")),
        (name, form, inner).prop_map(|(name, form, inner)| format!("${{{name}{form}{inner}}}")),
        Just("$$".to_owned()),
    ]
    .boxed()
}

/// Names with values, as a mapping or as a list.
pub(super) fn pairs(names: &'static [&'static str]) -> BoxedStrategy<Node> {
    let value = prop_oneof![
        3 => prose(),
        1 => any::<i32>().prop_map(plain),
        1 => any::<bool>().prop_map(plain),
        1 => Just(Node::default()),
    ];
    let names = prop::sample::subsequence(names, 1..=names.len()).prop_shuffle();
    let entries = names.prop_flat_map(move |names| {
        prop::collection::vec(value.clone(), names.len())
            .prop_map(move |values| names.iter().copied().zip(values).collect::<Vec<_>>())
    });
    (entries, any::<bool>())
        .prop_map(|(entries, as_list)| {
            if as_list {
                list(
                    entries
                        .into_iter()
                        .map(|(name, value)| as_item(name, &value)),
                )
            } else {
                map(entries
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value)))
            }
        })
        .boxed()
}

fn as_item(name: &str, value: &Node) -> Node {
    match value.as_str() {
        Some(value) => text(format!("{name}={value}")),
        None => text(name),
    }
}
