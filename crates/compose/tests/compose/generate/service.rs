//! Services: complete ones for the first file, some keys for those over it.

use proptest::prelude::*;
use shipway_compose::yaml::Node;

use super::SERVICES;
use super::node::{
    Entry, always, boolean, integer, list, map, mapping_of, one_of, optional, plain, some_of, text,
};
use super::text::{pairs, prose, word};

mod deploy;
mod mount;
mod network;

const NAMES: &[&str] = &["A", "B", "SET", "EMPTY", "GONE"];
const LABELS: &[&str] = &["com.example.a", "com.example.b", "x"];

/// A service that can stand alone.
pub(super) fn complete(index: usize) -> BoxedStrategy<Node> {
    let mut keys = keys(index, 0.25);
    keys.push(always("image", word()));
    mapping_of(keys)
}

/// Some keys of a service.
pub(super) fn partial(index: usize) -> BoxedStrategy<Node> {
    let mut keys = keys(index, 0.15);
    keys.push(optional(0.2, "image", word()));
    mapping_of(keys)
}

fn keys(index: usize, often: f64) -> Vec<BoxedStrategy<Entry>> {
    let mut keys = vec![
        optional(often, "command", command()),
        optional(often, "entrypoint", command()),
        optional(often, "environment", pairs(NAMES)),
        optional(often, "env_file", environment_files()),
        optional(often, "labels", pairs(LABELS)),
        optional(often, "healthcheck", healthcheck()),
        optional(often, "ports", mount::ports()),
        optional(often, "expose", some_of(&["80", "8000-8002", "53/udp"])),
        optional(often, "volumes", mount::volumes()),
        optional(often, "secrets", mount::secrets()),
        optional(often, "configs", mount::secrets()),
        optional(
            often,
            "tmpfs",
            mount::string_or_list(&["/run", "/tmp:size=1m"]),
        ),
        optional(often, "depends_on", depends_on(&SERVICES[..index])),
        optional(
            often,
            "restart",
            one_of(&["no", "always", "on-failure:3", "unless-stopped"]),
        ),
        optional(often, "stop_grace_period", duration()),
        optional(often, "ulimits", ulimits()),
        optional(often, "logging", logging()),
        optional(often, "extra_hosts", network::extra_hosts()),
        optional(often, "dns", mount::string_or_list(&["1.1.1.1", "8.8.8.8"])),
        optional(often, "cap_add", some_of(&["NET_ADMIN", "SYS_TIME"])),
        optional(
            often,
            "devices",
            some_of(&["/dev/a:/dev/b", "/dev/c:/dev/c:r"]),
        ),
        optional(often, "sysctls", pairs(&["net.core.somaxconn", "kernel.x"])),
        optional(often, "x-own", pairs(LABELS)),
        optional(
            often / 2.0,
            "profiles",
            some_of(&["debug", "test", "other"]),
        ),
    ];
    keys.extend(strings(often / 2.0));
    // Some keys say the same thing twice; half of the services have the one, half the other.
    keys.extend(if index.is_multiple_of(2) {
        deploy::keys(often)
    } else {
        deploy::older_keys(often)
    });
    keys.push(optional(often, "networks", network::networks()));
    keys.push(optional(often, "build", mount::build()));
    keys
}

fn strings(often: f64) -> Vec<BoxedStrategy<Entry>> {
    let mut keys: Vec<BoxedStrategy<Entry>> = [
        "user",
        "working_dir",
        "hostname",
        "domainname",
        "stop_signal",
        "platform",
        "runtime",
    ]
    .into_iter()
    .map(|key| optional(often, key, word()))
    .collect();
    let booleans = ["init", "tty", "read_only", "privileged", "stdin_open"];
    keys.extend(
        booleans
            .into_iter()
            .map(|key| optional(often, key, boolean())),
    );
    keys
}

fn command() -> BoxedStrategy<Node> {
    let words = prop::sample::select(
        &[
            "run -p 80",
            "sh -c 'a b' \"c\"",
            "",
            "a\\ b c",
            "echo $$HOME ${SET:-x y}",
        ][..],
    );
    prop_oneof![
        words.prop_map(text),
        prop::collection::vec(prose(), 0..4).prop_map(list),
    ]
    .boxed()
}

fn environment_files() -> BoxedStrategy<Node> {
    let optional = |path: &str| {
        map([
            ("path".to_owned(), text(path)),
            ("required".to_owned(), plain(false)),
        ])
    };
    prop::sample::select(vec![
        text("one.env"),
        list([text("one.env"), text("./two.env")]),
        list([text("two.env"), text("one.env")]),
        list([optional("none.env"), optional("two.env")]),
    ])
    .boxed()
}

fn depends_on(before: &'static [&'static str]) -> BoxedStrategy<Node> {
    let condition = map_of_condition();
    let names = prop::sample::subsequence(before, 0..=before.len());
    let long = names.clone().prop_flat_map(move |names| {
        prop::collection::vec(condition.clone(), names.len()).prop_map(move |conditions| {
            map(names.iter().map(|name| (*name).to_owned()).zip(conditions))
        })
    });
    prop_oneof![
        names.prop_map(|names| list(names.into_iter().map(text))),
        long
    ]
    .boxed()
}

fn map_of_condition() -> BoxedStrategy<Node> {
    let conditions = &[
        "service_started",
        "service_healthy",
        "service_completed_successfully",
    ];
    mapping_of(vec![
        always("condition", one_of(conditions)),
        optional(0.3, "restart", boolean()),
        optional(0.3, "required", boolean()),
    ])
}

fn healthcheck() -> BoxedStrategy<Node> {
    let test = prop_oneof![
        prose(),
        prose().prop_map(|word| list([text("CMD"), word])),
        prose().prop_map(|word| list([text("CMD-SHELL"), word])),
        Just(list([text("NONE")])),
    ];
    mapping_of(vec![
        optional(0.7, "test", test),
        optional(0.4, "interval", duration()),
        optional(0.4, "timeout", duration()),
        optional(0.4, "start_period", duration()),
        optional(0.4, "retries", integer(0..20)),
        optional(0.2, "disable", boolean()),
    ])
}

fn duration() -> BoxedStrategy<Node> {
    prop_oneof![
        (0_i64..100_000, one_of(&["ms", "s", "us", "m"]))
            .prop_map(|(count, unit)| format!("{count}{}", unit.as_str().unwrap_or_default())),
        (0_i64..60, 0_i64..60).prop_map(|(m, s)| format!("{m}m{s}s")),
        (0_i64..99, 0_i64..999).prop_map(|(s, ms)| format!("{s}.{ms:03}s")),
    ]
    .prop_map(text)
    .boxed()
}

fn ulimits() -> BoxedStrategy<Node> {
    let pair = (integer(0..100), integer(100..200))
        .prop_map(|(soft, hard)| map([("soft".to_owned(), soft), ("hard".to_owned(), hard)]));
    let limit = prop_oneof![integer(-1..1000), pair];
    mapping_of(vec![
        optional(0.6, "nofile", limit.clone()),
        optional(0.6, "nproc", limit),
    ])
}

fn logging() -> BoxedStrategy<Node> {
    let options = mapping_of(vec![
        optional(0.5, "max-size", one_of(&["10m", "1g"])),
        optional(0.5, "max-file", integer(1..9)),
        optional(0.5, "tag", word()),
    ]);
    mapping_of(vec![
        optional(0.7, "driver", one_of(&["json-file", "syslog"])),
        optional(0.7, "options", options),
    ])
}
