//! Which keys of a Compose file have a form or a way of merging of their own.

/// The form of a value and how two of them merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The later value stands alone.
    Replace,
    /// `KEY=value` in a list, or a mapping.
    Pairs,
    /// A list of names, or a mapping with the names as keys.
    Names,
    /// A list of services, or a mapping with their conditions.
    DependsOn,
    /// The context alone, or a mapping.
    Build,
    /// `HOST=address` in a list, or a mapping.
    Hosts,
    /// Options are of a driver: another driver, other options.
    Logging,
    /// Ranges of addresses, by subnet.
    Pools,
    /// A list in which one thing is there once.
    Unique(Identity),
    /// The same, or one thing alone.
    OneOrMany(Identity),
}

/// What makes two items of a list the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The whole text.
    Text,
    /// What stands before a `=`.
    Key,
    /// The path of an environment file.
    Path,
    /// Address, published port, target and protocol.
    Port,
    /// The path inside of the container.
    MountTarget,
    /// The path of a device inside of the container.
    DeviceTarget,
    /// The path inside of the container; by default the name below this directory.
    FileTarget(&'static str),
}

/// Keys from the top, `*` for any.
type Pattern = &'static [&'static str];

const RULES: &[(Pattern, Rule)] = &[
    (&["services", "*", "annotations"], Rule::Pairs),
    (&["services", "*", "build"], Rule::Build),
    (
        &["services", "*", "build", "additional_contexts"],
        Rule::Pairs,
    ),
    (&["services", "*", "build", "args"], Rule::Pairs),
    (&["services", "*", "build", "extra_hosts"], Rule::Hosts),
    (&["services", "*", "build", "labels"], Rule::Pairs),
    (
        &["services", "*", "build", "tags"],
        Rule::Unique(Identity::Key),
    ),
    (&["services", "*", "cap_add"], Rule::Unique(Identity::Key)),
    (&["services", "*", "cap_drop"], Rule::Unique(Identity::Key)),
    (&["services", "*", "command"], Rule::Replace),
    (
        &["services", "*", "configs"],
        Rule::Unique(Identity::FileTarget("")),
    ),
    (&["services", "*", "depends_on"], Rule::DependsOn),
    (&["services", "*", "deploy", "labels"], Rule::Pairs),
    (
        &["services", "*", "devices"],
        Rule::Unique(Identity::DeviceTarget),
    ),
    (&["services", "*", "dns"], Rule::OneOrMany(Identity::Key)),
    (&["services", "*", "dns_opt"], Rule::Unique(Identity::Key)),
    (
        &["services", "*", "dns_search"],
        Rule::OneOrMany(Identity::Key),
    ),
    (&["services", "*", "entrypoint"], Rule::Replace),
    (
        &["services", "*", "env_file"],
        Rule::OneOrMany(Identity::Path),
    ),
    (&["services", "*", "environment"], Rule::Pairs),
    (&["services", "*", "expose"], Rule::Unique(Identity::Text)),
    (&["services", "*", "extra_hosts"], Rule::Hosts),
    (&["services", "*", "healthcheck", "test"], Rule::Replace),
    (
        &["services", "*", "label_file"],
        Rule::OneOrMany(Identity::Text),
    ),
    (&["services", "*", "labels"], Rule::Pairs),
    (&["services", "*", "links"], Rule::Unique(Identity::Key)),
    (&["services", "*", "logging"], Rule::Logging),
    (&["services", "*", "models"], Rule::Names),
    (&["services", "*", "networks"], Rule::Names),
    (
        &["services", "*", "networks", "*", "aliases"],
        Rule::Unique(Identity::Key),
    ),
    (
        &["services", "*", "networks", "*", "link_local_ips"],
        Rule::Unique(Identity::Key),
    ),
    (&["services", "*", "ports"], Rule::Unique(Identity::Port)),
    (&["services", "*", "profiles"], Rule::Unique(Identity::Key)),
    (
        &["services", "*", "secrets"],
        Rule::Unique(Identity::FileTarget("/run/secrets")),
    ),
    (&["services", "*", "sysctls"], Rule::Pairs),
    (&["services", "*", "tmpfs"], Rule::OneOrMany(Identity::Key)),
    (
        &["services", "*", "volumes"],
        Rule::Unique(Identity::MountTarget),
    ),
    // Soft and hard limits belong together.
    (&["services", "*", "ulimits", "*"], Rule::Replace),
    // A process' steps depend on each other: half of another file's makes no sense.
    (
        &["services", "*", "x-shipway", "process", "build"],
        Rule::Replace,
    ),
    (
        &["services", "*", "x-shipway", "process", "command"],
        Rule::Replace,
    ),
    (
        &["services", "*", "x-shipway", "process", "environment"],
        Rule::Pairs,
    ),
    (
        &["services", "*", "x-shipway", "process", "path"],
        Rule::Replace,
    ),
    (&["networks", "*", "ipam", "config"], Rule::Pools),
    (&["networks", "*", "labels"], Rule::Pairs),
    (&["volumes", "*", "labels"], Rule::Pairs),
    (&["secrets", "*", "labels"], Rule::Pairs),
    (&["configs", "*", "labels"], Rule::Pairs),
];

/// Returns the rule of a key, if it has one of its own.
pub(super) fn rule(path: &[String]) -> Option<Rule> {
    // Of extensions only Shipway's own is known well enough to be merged.
    if path
        .last()
        .is_some_and(|key| key.starts_with("x-") && key != "x-shipway")
    {
        return Some(Rule::Replace);
    }
    RULES
        .iter()
        .find(|(pattern, _)| matches(pattern, path))
        .map(|(_, rule)| *rule)
}

fn matches(pattern: Pattern, path: &[String]) -> bool {
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(path)
            .all(|(expected, key)| *expected == "*" || expected == key)
}
