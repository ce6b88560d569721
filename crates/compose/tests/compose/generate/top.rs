//! What stands beside `services`.

use proptest::prelude::*;
use shipway_compose::yaml::Node;

use super::node::{always, boolean, list, map, mapping_of, one_of, optional, plain, text};
use super::text::{pairs, word};

type Entries = Vec<(String, Node)>;

/// Everything that services refer to, declared.
pub(super) fn resources() -> BoxedStrategy<Entries> {
    (network(), network(), volume(), volume(), secret(), secret())
        .prop_map(|(front, back, data, logs, one, two)| {
            let pair = |names: [&str; 2], values: [Node; 2]| {
                map(names.map(str::to_owned).into_iter().zip(values))
            };
            vec![
                (
                    "networks".to_owned(),
                    pair(["front", "back"], [front, back]),
                ),
                ("volumes".to_owned(), pair(["data", "logs"], [data, logs])),
                (
                    "secrets".to_owned(),
                    pair(["one", "two"], [one.clone(), two.clone()]),
                ),
                ("configs".to_owned(), pair(["one", "two"], [two, one])),
            ]
        })
        .boxed()
}

/// Changes of what the first file declares.
pub(super) fn changes() -> BoxedStrategy<Entries> {
    let networks = mapping_of(vec![
        optional(0.3, "front", changed_labels(&["a", "b", "c"])),
        optional(0.1, "default", changed_labels(&["a", "b", "c"])),
    ]);
    // Compose refuses the same label of a volume in two files, and we do not.
    let volumes = mapping_of(vec![optional(0.3, "data", changed_labels(&["c"]))]);
    vec![
        optional(0.4, "networks", networks),
        optional(0.4, "volumes", volumes),
    ]
    .prop_map(|entries| entries.into_iter().flatten().collect())
    .boxed()
}

/// The name and extensions.
pub(super) fn extras() -> BoxedStrategy<Entries> {
    vec![
        optional(0.2, "name", one_of(&["shop", "Shop.9", "other-${TAG:-x}"])),
        optional(0.2, "x-common", pairs(&["a", "b"])),
        optional(0.1, "version", one_of(&["3.8"])),
    ]
    .prop_map(|entries| entries.into_iter().flatten().collect())
    .boxed()
}

fn changed_labels(names: &'static [&'static str]) -> BoxedStrategy<Node> {
    mapping_of(vec![optional(0.8, "labels", pairs(names))])
}

fn network() -> BoxedStrategy<Node> {
    let ipam = map([(
        "config".to_owned(),
        list([map([("subnet".to_owned(), text("10.1.0.0/16"))])]),
    )]);
    let own = mapping_of(vec![
        optional(0.3, "driver", one_of(&["bridge", "overlay"])),
        optional(0.3, "internal", boolean()),
        optional(0.3, "labels", pairs(&["a", "b"])),
        optional(0.3, "name", word()),
        optional(0.2, "ipam", Just(ipam)),
        optional(0.2, "driver_opts", pairs_of_strings()),
    ]);
    prop_oneof![4 => own, 1 => external()].boxed()
}

fn volume() -> BoxedStrategy<Node> {
    let own = mapping_of(vec![
        optional(0.3, "driver", one_of(&["local", "nfs"])),
        optional(0.3, "driver_opts", pairs_of_strings()),
        optional(0.3, "labels", pairs(&["a", "b"])),
        optional(0.3, "name", word()),
    ]);
    prop_oneof![4 => own, 1 => external()].boxed()
}

fn secret() -> BoxedStrategy<Node> {
    let of = |key: &str, value: &str| map([(key.to_owned(), text(value))]);
    let own = prop::sample::select(vec![
        of("file", "./one"),
        of("file", "/abs/two"),
        of("environment", "SET"),
    ]);
    prop_oneof![4 => own, 1 => external()].boxed()
}

fn external() -> BoxedStrategy<Node> {
    mapping_of(vec![
        always("external", Just(plain(true))),
        optional(0.5, "name", word()),
    ])
}

fn pairs_of_strings() -> BoxedStrategy<Node> {
    mapping_of(vec![
        optional(0.5, "type", one_of(&["nfs", "tmpfs"])),
        optional(0.5, "o", word()),
        optional(0.3, "size", (1_i64..100).prop_map(plain)),
    ])
}
