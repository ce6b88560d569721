//! Sizes and numbers of instances, in the newer and in the older keys.

use proptest::prelude::*;
use shipway_compose::yaml::Node;

use crate::generate::node::{
    Entry, boolean, integer, mapping_of, one_of, optional, plain, some_of, text,
};
use crate::generate::text::pairs;

/// `deploy`.
pub(super) fn keys(often: f64) -> Vec<BoxedStrategy<Entry>> {
    vec![optional(often, "deploy", deploy())]
}

/// Sizes beside `deploy`.
pub(super) fn older_keys(often: f64) -> Vec<BoxedStrategy<Entry>> {
    let often = often / 2.0;
    vec![
        optional(often, "scale", integer(0..5)),
        optional(often, "cpus", cpus()),
        optional(often, "cpu_shares", integer(0..2000)),
        optional(often, "mem_limit", size()),
        optional(often, "mem_reservation", size()),
        optional(often, "shm_size", size()),
        optional(often, "pids_limit", integer(-1..500)),
        optional(often, "oom_score_adj", integer(-1000..1001)),
        optional(often, "oom_kill_disable", boolean()),
    ]
}

fn deploy() -> BoxedStrategy<Node> {
    let limits = mapping_of(vec![
        optional(0.5, "cpus", cpus()),
        optional(0.5, "memory", size()),
        optional(0.3, "pids", integer(1..500)),
    ]);
    let reservations = mapping_of(vec![
        optional(0.5, "cpus", cpus()),
        optional(0.5, "memory", size()),
    ]);
    let resources = mapping_of(vec![
        optional(0.6, "limits", limits),
        optional(0.4, "reservations", reservations),
    ]);
    let placement = mapping_of(vec![
        optional(
            0.5,
            "constraints",
            some_of(&["node.role == manager", "node.labels.a==b"]),
        ),
        optional(0.3, "max_replicas_per_node", integer(1..9)),
    ]);
    mapping_of(vec![
        optional(0.5, "replicas", integer(0..9)),
        optional(0.2, "mode", one_of(&["replicated", "global"])),
        optional(0.4, "labels", pairs(&["a", "b"])),
        optional(0.5, "resources", resources),
        optional(0.3, "placement", placement),
        optional(0.4, "update_config", update()),
        optional(0.2, "rollback_config", update()),
        optional(0.3, "restart_policy", restart()),
    ])
}

fn update() -> BoxedStrategy<Node> {
    mapping_of(vec![
        optional(0.5, "parallelism", integer(0..5)),
        optional(0.5, "delay", one_of(&["10s", "1m30s", "0s"])),
        optional(0.5, "order", one_of(&["start-first", "stop-first"])),
        optional(0.5, "failure_action", one_of(&["rollback", "pause"])),
        optional(
            0.3,
            "max_failure_ratio",
            (0_u32..100).prop_map(|n| plain(f64::from(n) / 100.0)),
        ),
    ])
}

fn restart() -> BoxedStrategy<Node> {
    mapping_of(vec![
        optional(0.5, "condition", one_of(&["none", "on-failure", "any"])),
        optional(0.5, "delay", one_of(&["5s", "100ms"])),
        optional(0.5, "max_attempts", integer(0..5)),
        optional(0.5, "window", one_of(&["2m", "90s"])),
    ])
}

fn cpus() -> BoxedStrategy<Node> {
    (1_u32..800, any::<bool>())
        .prop_map(|(hundredths, quoted)| {
            let number = f64::from(hundredths) / 100.0;
            if quoted {
                text(number.to_string())
            } else {
                plain(number)
            }
        })
        .boxed()
}

fn size() -> BoxedStrategy<Node> {
    let unit = prop::sample::select(&["b", "k", "kb", "m", "M", "mb", "MiB", "g", "G"][..]);
    (1_u32..2000, unit)
        .prop_map(|(count, unit)| text(format!("{count}{unit}")))
        .boxed()
}
