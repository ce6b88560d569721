//! How a service is connected.

use proptest::prelude::*;
use shipway_compose::yaml::Node;

use crate::generate::node::{integer, mapping_of, one_of, optional, some_of};
use crate::generate::text::pairs;

/// `networks` in both forms.
pub(super) fn networks() -> BoxedStrategy<Node> {
    let attachment = mapping_of(vec![
        optional(0.5, "aliases", some_of(&["a", "b", "c"])),
        optional(0.3, "ipv4_address", one_of(&["10.0.0.5"])),
        optional(0.3, "priority", integer(0..1000)),
        optional(0.1, "x-own", pairs(&["a"])),
    ]);
    let attachment = prop_oneof![3 => attachment, 1 => Just(Node::default())];
    let long = mapping_of(vec![
        optional(0.6, "front", attachment.clone()),
        optional(0.4, "back", attachment.clone()),
        optional(0.2, "default", attachment),
    ]);
    prop_oneof![some_of(&["front", "back", "default"]), long].boxed()
}

/// `extra_hosts` in both forms.
pub(super) fn extra_hosts() -> BoxedStrategy<Node> {
    // Names of their own in each form: `a:1.1.1.1` and `a=1.1.1.1` are two hosts to Compose at
    // first, and one when it reads what it printed.
    let long = mapping_of(vec![
        optional(0.5, "one", one_of(&["1.1.1.1", "::1"])),
        optional(0.5, "two", one_of(&["2.2.2.2"])),
    ]);
    prop_oneof![
        some_of(&["three:1.1.1.1", "four=[::1]", "five:host-gateway"]),
        long
    ]
    // Without any host in two files it is refused by Compose, and not by us.
    .prop_filter("no host", |hosts| {
        let list = hosts.as_sequence().is_some_and(|items| !items.is_empty());
        list || hosts.as_map().is_some_and(|hosts| !hosts.is_empty())
    })
    .boxed()
}
