//! What a service takes in: ports, volumes, secrets, build contexts.

use proptest::prelude::*;
use shipway_compose::yaml::Node;

use crate::generate::node::{
    always, boolean, integer, list, map, mapping_of, one_of, optional, plain, some_of, text,
};
use crate::generate::text::{pairs, word};

/// `ports` in all forms.
pub(super) fn ports() -> BoxedStrategy<Node> {
    let number = 1_u32..60_000;
    let address = prop::sample::select(&["", "127.0.0.1:", "[::1]:"][..]);
    let protocol = prop::sample::select(&["", "/tcp", "/udp"][..]);
    let short = (address, number.clone(), number.clone(), protocol)
        .prop_map(|(address, from, to, protocol)| text(format!("{address}{from}:{to}{protocol}")));
    let range = (number.clone(), 1_u32..4)
        .prop_map(|(from, count)| text(format!("{from}-{}:{from}-{}", from + count, from + count)));
    let published = number
        .clone()
        .prop_flat_map(|from| prop_oneof![Just(plain(from)), Just(text(from.to_string()))]);
    let long = mapping_of(vec![
        always("target", integer(1..60_000)),
        optional(0.7, "published", published),
        optional(0.3, "protocol", one_of(&["tcp", "udp"])),
        optional(0.3, "mode", one_of(&["host", "ingress"])),
        optional(0.2, "host_ip", one_of(&["127.0.0.1"])),
        optional(0.2, "name", word()),
    ]);
    let item = prop_oneof![
        2 => number.prop_map(plain),
        3 => short,
        1 => range,
        2 => long,
    ];
    prop::collection::vec(item, 0..4).prop_map(list).boxed()
}

/// `volumes` in all forms.
pub(super) fn volumes() -> BoxedStrategy<Node> {
    let target = prop::sample::select(&["/data", "/src", "/etc/x", "/cache/"][..]);
    let source =
        prop::sample::select(&["data", "logs", "./src", "../up", "/abs", "~/home", "."][..]);
    let mode = prop::sample::select(&["", ":ro", ":rw", ":z", ":ro,Z", ":nocopy"][..]);
    let short = (source, target.clone(), mode)
        .prop_map(|(source, target, mode)| text(format!("{source}:{target}{mode}")));
    // Compose takes `/cache` and `/cache/` for two targets where one of them is of this form.
    let plain_target = prop::sample::select(&["/data", "/src", "/etc/x"][..]);
    let bind = (
        one_of(&["./a", "/b", "../c"]),
        plain_target.clone(),
        any::<bool>(),
    )
        .prop_map(|(source, target, read_only)| {
            map([
                ("type".to_owned(), text("bind")),
                ("source".to_owned(), source),
                ("target".to_owned(), text(target)),
                ("read_only".to_owned(), plain(read_only)),
            ])
        });
    let named = (one_of(&["data", "logs"]), plain_target, boolean()).prop_map(
        |(source, target, nocopy)| {
            map([
                ("type".to_owned(), text("volume")),
                ("source".to_owned(), source),
                ("target".to_owned(), text(target)),
                ("volume".to_owned(), map([("nocopy".to_owned(), nocopy)])),
            ])
        },
    );
    let item = prop_oneof![3 => short, 1 => target.prop_map(text), 1 => bind, 1 => named];
    prop::collection::vec(item, 0..4).prop_map(list).boxed()
}

/// `secrets` and `configs`, which have one form.
pub(super) fn secrets() -> BoxedStrategy<Node> {
    let source = || one_of(&["one", "two"]);
    let long = mapping_of(vec![
        always("source", source()),
        optional(0.5, "target", one_of(&["/x", "named"])),
        optional(0.3, "uid", one_of(&["0", "1000"])),
        optional(0.3, "mode", one_of_numbers(&["0440", "256", "0o400"])),
    ]);
    prop::collection::vec(prop_oneof![source(), long], 1..3)
        .prop_map(list)
        .boxed()
}

/// `build` in both forms.
pub(super) fn build() -> BoxedStrategy<Node> {
    let context = || one_of(&[".", "./app", "../up", "https://example.com/x.git", "/abs"]);
    let long = mapping_of(vec![
        optional(0.8, "context", context()),
        optional(0.5, "dockerfile", one_of(&["Dockerfile", "./docker/web"])),
        optional(0.5, "args", pairs(&["A", "SET", "GONE"])),
        optional(0.3, "target", word()),
        optional(0.3, "labels", pairs(&["a", "b"])),
        optional(0.3, "cache_from", some_of(&["a", "type=local,src=b"])),
        optional(0.3, "tags", some_of(&["a:1", "b:2"])),
        optional(0.3, "ssh", Just(list([text("default")]))),
        optional(0.2, "secrets", secrets()),
        optional(0.2, "no_cache", boolean()),
        optional(0.2, "shm_size", one_of(&["64m", "1gb"])),
        optional(
            0.2,
            "additional_contexts",
            Just(list([text("a=./a"), text("b=https://x")])),
        ),
    ]);
    prop_oneof![context(), long].boxed()
}

/// One string, or a list of them.
pub(super) fn string_or_list(words: &'static [&'static str]) -> BoxedStrategy<Node> {
    prop_oneof![one_of(words), some_of(words)].boxed()
}

fn one_of_numbers(numbers: &'static [&'static str]) -> BoxedStrategy<Node> {
    prop::sample::select(numbers).prop_map(plain).boxed()
}
