//! What becomes of each key of a Compose file.
//!
//! The page on Compose support is made of this table. An entry stands for what
//! is below its key as well, as far as no entry of its own is there.

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// Reading the files does what it says; nothing is left of it for a runtime.
    Loader,
    /// The process runtime does what it says, and an engine gets it as well.
    Process,
    /// It is checked and kept for an engine; the process runtime does without.
    PassedOn,
    /// It is read and has no effect.
    Ignored,
}

/// A key and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The key with those above it; `*` stands for any name, `[]` for an item of a list.
    pub key: &'static str,
    /// What becomes of it.
    pub support: Support,
    /// What it does or why it does nothing, as a sentence.
    pub note: &'static str,
}

// === impl Support ===

impl Support {
    /// All kinds, in the order in which they are explained.
    pub const ALL: [Self; 4] = [Self::Loader, Self::Process, Self::PassedOn, Self::Ignored];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loader => "read",
            Self::Process => "supported",
            Self::PassedOn => "passed on",
            Self::Ignored => "ignored",
        }
    }

    /// What the word means, as a sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Loader => {
                "Shipway does what it says while it reads the files; no runtime sees it."
            }
            Self::Process => {
                "The process runtime does what it says. It is in the document for an engine, too."
            }
            Self::PassedOn => {
                "It is checked and kept in the document for an engine. The process runtime does without."
            }
            Self::Ignored => "It is read, and has no effect.",
        }
    }
}

/// Returns the entry that stands for a key: its own, or that of a key above it.
#[must_use]
pub fn entry(key: &str) -> Option<&'static Entry> {
    let mut key = key;
    loop {
        if let Some(found) = ENTRIES.iter().find(|entry| entry.key == key) {
            return Some(found);
        }
        key = key.rsplit_once('.')?.0;
    }
}

const fn loader(key: &'static str, note: &'static str) -> Entry {
    Entry {
        key,
        support: Support::Loader,
        note,
    }
}

const fn process(key: &'static str, note: &'static str) -> Entry {
    Entry {
        key,
        support: Support::Process,
        note,
    }
}

const fn passed(key: &'static str, note: &'static str) -> Entry {
    Entry {
        key,
        support: Support::PassedOn,
        note,
    }
}

const fn ignored(key: &'static str, note: &'static str) -> Entry {
    Entry {
        key,
        support: Support::Ignored,
        note,
    }
}

/// The table, sorted by key within each level.
pub const ENTRIES: &[Entry] = &[
    passed(
        "configs",
        "Paths of files become absolute. External ones, which Docker Compose refuses, are read from Shipway's own store (`shipway secrets`). What each holds is settled with the deployment, and services read copies. Those that no active service uses are left out.",
    ),
    loader(
        "include",
        "Files of this machine, each with its own directory and environment files. URLs are refused: what is deployed has to be in the commit.",
    ),
    passed(
        "models",
        "Newer than Compose 2.26; the engine's Compose has to know it.",
    ),
    loader(
        "name",
        "Names networks and volumes that have no name of their own. Environments of Shipway have names of their own.",
    ),
    passed(
        "networks",
        "Each colour has its own, made by Shipway, so that a name means the own colour's service. External ones are joined as they are. Those that no active service uses are left out.",
    ),
    passed(
        "secrets",
        "Paths of files become absolute. External ones, which Docker Compose refuses, are read from Shipway's own store (`shipway secrets`). What each holds is settled with the deployment, and services read copies. Those that no active service uses are left out.",
    ),
    loader(
        "services",
        "Services that no active profile names are left out.",
    ),
    ignored("version", "Compose ignores it as well. It can be removed."),
    passed(
        "volumes",
        "Made by Shipway and external to the containers' project, so that nothing removes them with it. Those that no active service uses are left out. `{volume:NAME}` of `x-shipway.process` is a directory under the process runtime.",
    ),
    passed("services.*.annotations", ""),
    passed("services.*.attach", ""),
    passed("services.*.blkio_config", ""),
    passed(
        "services.*.build",
        "Paths become absolute. The process runtime builds with `x-shipway.process.build`.",
    ),
    passed("services.*.cap_add", ""),
    passed("services.*.cap_drop", ""),
    passed("services.*.cgroup", ""),
    passed("services.*.cgroup_parent", ""),
    process(
        "services.*.command",
        "Split into words as Compose does it, and run without a shell, after `entrypoint`. `x-shipway.process.command` goes before it.",
    ),
    passed("services.*.configs", ""),
    passed(
        "services.*.container_name",
        "Replaced: each container has the name of its instance.",
    ),
    passed("services.*.cpu_count", ""),
    passed("services.*.cpu_percent", ""),
    passed("services.*.cpu_period", ""),
    passed("services.*.cpu_quota", ""),
    passed("services.*.cpu_rt_period", ""),
    passed("services.*.cpu_rt_runtime", ""),
    passed("services.*.cpu_shares", ""),
    passed("services.*.cpus", ""),
    passed("services.*.cpuset", ""),
    passed("services.*.credential_spec", ""),
    passed(
        "services.*.depends_on",
        "Services that are named have to be there, and cycles are refused. Between a colour and what is shared it is dropped, because shared services start first. Under the process runtime the order is that of the plan.",
    ),
    passed("services.*.deploy", "Swarm's options are for the engine."),
    process("services.*.deploy.replicas", "How many instances run."),
    process(
        "services.*.deploy.restart_policy",
        "Over `restart`: `condition`, `delay` and `max_attempts`. `window` is for the engine.",
    ),
    passed("services.*.deploy.restart_policy.window", ""),
    passed("services.*.develop", "A deployment has no use for it."),
    passed("services.*.device_cgroup_rules", ""),
    passed("services.*.devices", ""),
    passed("services.*.dns", ""),
    passed("services.*.dns_opt", ""),
    passed("services.*.dns_search", ""),
    passed("services.*.domainname", ""),
    process("services.*.entrypoint", "In front of `command`."),
    loader(
        "services.*.env_file",
        "Its variables go below those of `environment`.",
    ),
    process(
        "services.*.environment",
        "What processes get, with `env_file` and `x-shipway.process.environment`. A name without a value takes it from the environment's variables.",
    ),
    passed("services.*.expose", ""),
    loader(
        "services.*.extends",
        "The other service is put below this one; its file's paths start in that file's directory.",
    ),
    passed("services.*.external_links", ""),
    passed("services.*.extra_hosts", ""),
    passed("services.*.gpus", ""),
    passed("services.*.group_add", ""),
    process(
        "services.*.healthcheck",
        "Run beside the process with its environment. For the service with the route, `health.path` of `shipway.yml` goes before it.",
    ),
    passed("services.*.healthcheck.start_interval", ""),
    passed("services.*.hostname", ""),
    passed(
        "services.*.image",
        "Tells the role of a service that `shipway.yml` gives none: `postgres` keeps state.",
    ),
    passed(
        "services.*.init",
        "The process runtime always adopts and ends what is left of a service.",
    ),
    passed("services.*.ipc", ""),
    passed("services.*.isolation", ""),
    loader(
        "services.*.label_file",
        "Its labels go below those of `labels`.",
    ),
    passed("services.*.labels", ""),
    passed(
        "services.*.links",
        "Counts as a dependency. Dropped where it leads to a service outside of the colour.",
    ),
    passed(
        "services.*.logging",
        "The process runtime keeps three files of 10 MiB for each instance.",
    ),
    passed("services.*.mac_address", ""),
    passed("services.*.mem_limit", ""),
    passed("services.*.mem_reservation", ""),
    passed("services.*.mem_swappiness", ""),
    passed("services.*.memswap_limit", ""),
    passed(
        "services.*.models",
        "Newer than Compose 2.26; the engine's Compose has to know it.",
    ),
    passed(
        "services.*.network_mode",
        "`service:NAME` counts as a dependency.",
    ),
    passed(
        "services.*.networks",
        "Processes share the machine's network.",
    ),
    passed("services.*.oom_kill_disable", ""),
    passed("services.*.oom_score_adj", ""),
    passed("services.*.pid", "`service:NAME` counts as a dependency."),
    passed("services.*.pids_limit", ""),
    passed("services.*.platform", ""),
    passed(
        "services.*.ports",
        "Dropped for a service that the proxy routes to: requests come by the proxy. Processes get a free port as `{port}`.",
    ),
    passed("services.*.post_start", ""),
    passed(
        "services.*.pre_start",
        "Newer than Compose 2.26; the engine's Compose has to know it.",
    ),
    passed("services.*.pre_stop", ""),
    passed("services.*.privileged", ""),
    loader(
        "services.*.profiles",
        "A service with profiles is left out unless one of them is active. Deployments activate none.",
    ),
    passed(
        "services.*.provider",
        "Newer than Compose 2.26; the engine's Compose has to know it.",
    ),
    passed("services.*.pull_policy", ""),
    passed(
        "services.*.pull_refresh_after",
        "Newer than Compose 2.26; the engine's Compose has to know it.",
    ),
    passed("services.*.read_only", ""),
    process(
        "services.*.restart",
        "`no`, `always`, `unless-stopped`, `on-failure` and `on-failure:N`.",
    ),
    passed("services.*.runtime", ""),
    process(
        "services.*.scale",
        "As `deploy.replicas`, of which it must not differ.",
    ),
    passed("services.*.secrets", ""),
    passed("services.*.security_opt", ""),
    passed("services.*.shm_size", ""),
    passed("services.*.stdin_open", ""),
    process(
        "services.*.stop_grace_period",
        "Between the stop signal and the end by force.",
    ),
    process("services.*.stop_signal", "By name or number."),
    passed("services.*.storage_opt", ""),
    passed("services.*.sysctls", ""),
    passed("services.*.tmpfs", ""),
    passed("services.*.tty", ""),
    passed("services.*.ulimits", ""),
    passed(
        "services.*.use_api_socket",
        "Newer than Compose 2.26; the engine's Compose has to know it.",
    ),
    passed("services.*.user", "Processes run as the user who deploys."),
    passed("services.*.userns_mode", ""),
    passed("services.*.uts", ""),
    passed(
        "services.*.volumes",
        "Paths of this machine become absolute. Processes use `{volume:NAME}`.",
    ),
    passed("services.*.volumes_from", "Counts as a dependency."),
    passed(
        "services.*.working_dir",
        "A path inside of the container. The process runtime has `x-shipway.process.directory`.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Object, PROJECT, Shape};

    #[test]
    fn what_has_no_entry_stands_below_one_that_has() {
        let replicas = entry("services.*.deploy.replicas").unwrap();
        assert_eq!(replicas.support, Support::Process);
        let limits = entry("services.*.deploy.resources.limits.cpus").unwrap();
        assert_eq!(limits.key, "services.*.deploy");
        assert_eq!(entry("nonsense"), None);
    }

    #[test]
    fn the_table_has_the_keys_that_the_loader_reads() {
        let keys_of = |object: &Object, prefix: &str| -> Vec<String> {
            let fields = object.fields.iter();
            fields
                .map(|field| format!("{prefix}{}", field.key))
                .collect()
        };
        let mut known = keys_of(&PROJECT, "");
        known.extend(keys_of(service(), "services.*."));
        for key in &known {
            assert!(ENTRIES.iter().any(|entry| entry.key == key), "{key}");
        }
        for entry in ENTRIES {
            let mut path = entry.key.trim_start_matches("services.*.").split('.');
            let mut object = if entry.key.contains('.') {
                service()
            } else {
                &PROJECT
            };
            let found = path.all(|key| match object.field(key).map(|field| field.shape) {
                Some(Shape::Keys(below) | Shape::KeysOrNull(below)) => {
                    object = below;
                    true
                }
                Some(_) => true,
                None => false,
            });
            assert!(found, "{}", entry.key);
        }
    }

    fn service() -> &'static Object {
        match PROJECT.field("services").map(|field| field.shape) {
            Some(Shape::Named(_, Shape::Keys(service))) => service,
            _ => panic!("services are mappings with names"),
        }
    }

    #[test]
    fn entries_are_sorted_and_named_once() {
        let (top, services): (Vec<&str>, Vec<&str>) = ENTRIES
            .iter()
            .map(|entry| entry.key)
            .partition(|key| !key.contains('.'));
        for keys in [top, services] {
            assert!(keys.is_sorted(), "{keys:?}");
            assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
        }
    }
}
