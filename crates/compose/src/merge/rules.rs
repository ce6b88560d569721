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

/// Keys, `*` for any.
type Pattern = &'static [&'static str];

/// Of a service, from its own keys on.
const SERVICE: &[(Pattern, Rule)] = &[
    (&["annotations"], Rule::Pairs),
    (&["build"], Rule::Build),
    (&["build", "additional_contexts"], Rule::Pairs),
    (&["build", "args"], Rule::Pairs),
    (&["build", "extra_hosts"], Rule::Hosts),
    (&["build", "labels"], Rule::Pairs),
    (&["build", "tags"], Rule::Unique(Identity::Key)),
    (&["cap_add"], Rule::Unique(Identity::Key)),
    (&["cap_drop"], Rule::Unique(Identity::Key)),
    (&["command"], Rule::Replace),
    (&["configs"], Rule::Unique(Identity::FileTarget(""))),
    (&["depends_on"], Rule::DependsOn),
    (&["deploy", "labels"], Rule::Pairs),
    (&["devices"], Rule::Unique(Identity::DeviceTarget)),
    (&["dns"], Rule::OneOrMany(Identity::Key)),
    (&["dns_opt"], Rule::Unique(Identity::Key)),
    (&["dns_search"], Rule::OneOrMany(Identity::Key)),
    (&["entrypoint"], Rule::Replace),
    (&["env_file"], Rule::OneOrMany(Identity::Path)),
    (&["environment"], Rule::Pairs),
    (&["expose"], Rule::Unique(Identity::Text)),
    (&["extra_hosts"], Rule::Hosts),
    (&["healthcheck", "test"], Rule::Replace),
    (&["label_file"], Rule::OneOrMany(Identity::Text)),
    (&["labels"], Rule::Pairs),
    (&["links"], Rule::Unique(Identity::Key)),
    (&["logging"], Rule::Logging),
    (&["models"], Rule::Names),
    (&["networks"], Rule::Names),
    (&["networks", "*", "aliases"], Rule::Unique(Identity::Key)),
    (
        &["networks", "*", "link_local_ips"],
        Rule::Unique(Identity::Key),
    ),
    (&["ports"], Rule::Unique(Identity::Port)),
    (&["profiles"], Rule::Unique(Identity::Key)),
    (
        &["secrets"],
        Rule::Unique(Identity::FileTarget("/run/secrets")),
    ),
    (&["sysctls"], Rule::Pairs),
    (&["tmpfs"], Rule::OneOrMany(Identity::Key)),
    (&["volumes"], Rule::Unique(Identity::MountTarget)),
    // Soft and hard limits belong together.
    (&["ulimits", "*"], Rule::Replace),
    // A process' steps depend on each other: half of another file's makes no sense.
    (&["x-shipway", "process", "build"], Rule::Replace),
    (&["x-shipway", "process", "command"], Rule::Replace),
    (&["x-shipway", "process", "environment"], Rule::Pairs),
    (&["x-shipway", "process", "path"], Rule::Replace),
];

/// Of everything else, from the top.
const OTHERS: &[(Pattern, Rule)] = &[
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
    let (table, path) = match path {
        [top, _, path @ ..] if top == "services" => (SERVICE, path),
        path => (OTHERS, path),
    };
    let found = table.iter().find(|(pattern, _)| matches(pattern, path));
    found.map(|(_, rule)| *rule)
}

fn matches(pattern: Pattern, path: &[String]) -> bool {
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(path)
            .all(|(expected, key)| *expected == "*" || expected == key)
}
