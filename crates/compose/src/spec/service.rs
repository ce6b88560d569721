//! Services.

use super::build::BUILD;
use super::deploy::{DEPLOY, GPU};
use super::shape::Shape::{
    Any, Bytes, Command, Duration, Flag, Fraction, HealthTest, Hosts, Integer, Keys, KeysOrNull,
    List, Matching, Named, NamedOrList, OneOrMany, Options, Pairs, Scalar, Set, Short, ShortOrList,
    ShortOrNumber, Text, TextOrNull, Ulimit, Word, WordOrList,
};
use super::shape::{Field, Names, Object, Shape, Unset, field};
use super::short;

const WHOLE: Shape = Integer(i64::MIN, i64::MAX);

pub(super) const SERVICE_KEYS: Object = Object { fields: FIELDS };

const FIELDS: &[Field] = &[
    field("annotations", Pairs(Unset::Empty)),
    field("attach", Flag).kept(),
    field("blkio_config", Keys(&BLKIO)).kept(),
    field("build", Short(any_text, &BUILD)).kept(),
    field("cap_add", List(&Text)),
    field("cap_drop", List(&Text)),
    field("cgroup", Word(&["host", "private"])),
    field("cgroup_parent", Text),
    field("command", Command).kept(),
    field("configs", List(&Short(any_text, &FILE_REFERENCE))),
    field("container_name", Text),
    field("cpu_count", Integer(0, i64::MAX)),
    field("cpu_percent", Integer(0, 100)),
    field("cpu_period", WHOLE),
    field("cpu_quota", WHOLE),
    field("cpu_rt_period", WHOLE),
    field("cpu_rt_runtime", WHOLE),
    field("cpu_shares", WHOLE),
    field("cpus", Fraction),
    field("cpuset", Text),
    field("credential_spec", Keys(&CREDENTIAL_SPEC)).kept(),
    field("depends_on", NamedOrList(&Keys(&DEPENDENCY))),
    field("deploy", KeysOrNull(&DEPLOY)).kept(),
    field("develop", KeysOrNull(&DEVELOP)).kept(),
    field("device_cgroup_rules", List(&Text)),
    field("devices", List(&Short(short::device, &DEVICE))),
    field("dns", OneOrMany),
    field("dns_opt", List(&Text)),
    field("dns_search", OneOrMany),
    field("domainname", Text),
    field("entrypoint", Command).kept(),
    field("env_file", ShortOrList(&List(&Short(any_text, &ENV_FILE)))),
    field("environment", Pairs(Unset::Null)),
    field("expose", List(&Scalar)),
    field("extends", Short(any_text, &EXTENDS)),
    field("external_links", Set(&Text)),
    field("extra_hosts", Hosts),
    field("gpus", WordOrList(&["all"], &List(&Keys(&GPU)))),
    field("group_add", Set(&Scalar)),
    field("healthcheck", Keys(&HEALTHCHECK)).kept(),
    field("hostname", Text),
    field("image", Text),
    field("init", Flag).kept(),
    field("ipc", Text),
    field("isolation", Text),
    field("label_file", OneOrMany),
    field("labels", Pairs(Unset::Empty)),
    field("links", List(&Text)),
    field("logging", Keys(&LOGGING)).kept(),
    field("mac_address", Text),
    field("mem_limit", Bytes),
    field("mem_reservation", Bytes),
    field("mem_swappiness", Bytes),
    field("memswap_limit", Bytes),
    field("models", NamedOrList(&KeysOrNull(&MODEL_USE))),
    field("network_mode", Text),
    field("networks", NamedOrList(&KeysOrNull(&NETWORK_USE))),
    field("oom_kill_disable", Flag),
    field("oom_score_adj", Integer(-1000, 1000)),
    field("pid", TextOrNull),
    field("pids_limit", WHOLE),
    field("platform", Text),
    field("ports", List(&ShortOrNumber(short::port, &PORT))),
    field("post_start", List(&Keys(&HOOK))),
    field("pre_start", List(&Keys(&HOOK))),
    field("pre_stop", List(&Keys(&HOOK))),
    field("privileged", Flag),
    field("profiles", List(&Text)),
    field("provider", Keys(&PROVIDER)).kept(),
    field("pull_policy", Matching(is_pull_policy, PULL_POLICIES)),
    field("pull_refresh_after", Text),
    field("read_only", Flag),
    field("restart", Text),
    field("runtime", Text),
    field("scale", WHOLE).kept(),
    field("secrets", List(&Short(any_text, &FILE_REFERENCE))),
    field("security_opt", Set(&Text)),
    field("shm_size", Bytes),
    field("stdin_open", Flag),
    field("stop_grace_period", Duration).kept(),
    field("stop_signal", Text),
    field("storage_opt", Options),
    field("sysctls", Pairs(Unset::Empty)),
    field("tmpfs", OneOrMany),
    field("tty", Flag),
    field("ulimits", Named(Names::Any, &Ulimit)),
    field("use_api_socket", Flag),
    field("user", Text),
    field("userns_mode", Text),
    field("uts", Text),
    field("volumes", List(&Short(short::mount, &MOUNT))),
    field("volumes_from", Set(&Text)),
    field("working_dir", Text),
];

const PULL_POLICIES: &str =
    "it is `always`, `never`, `missing`, `if_not_present`, `build`, `daily`, `weekly` or `every_…`";

fn is_pull_policy(text: &str) -> bool {
    matches!(
        text,
        "always"
            | "never"
            | "missing"
            | "if_not_present"
            | "build"
            | "refresh"
            | "daily"
            | "weekly"
    ) || text.strip_prefix("every_").is_some_and(|every| {
        every.starts_with(|c: char| c.is_ascii_digit())
            && every.ends_with(['w', 'd', 'h', 'm', 's'])
    })
}

pub(super) fn any_text(_: &str) -> Result<(), String> {
    Ok(())
}

const BLKIO: Object = Object {
    fields: &[
        field("device_read_bps", List(&Keys(&BLKIO_LIMIT))),
        field("device_read_iops", List(&Keys(&BLKIO_LIMIT))),
        field("device_write_bps", List(&Keys(&BLKIO_LIMIT))),
        field("device_write_iops", List(&Keys(&BLKIO_LIMIT))),
        field("weight", Integer(0, 65_535)),
        field("weight_device", List(&Keys(&BLKIO_WEIGHT))),
    ],
};

const BLKIO_LIMIT: Object = Object {
    fields: &[field("path", Text).kept(), field("rate", Bytes).kept()],
};

const BLKIO_WEIGHT: Object = Object {
    fields: &[
        field("path", Text).kept(),
        field("weight", Integer(0, 65_535)).kept(),
    ],
};

const CREDENTIAL_SPEC: Object = Object {
    fields: &[
        field("config", Text),
        field("file", Text),
        field("registry", Text),
    ],
};

const DEPENDENCY: Object = Object {
    fields: &[
        field(
            "condition",
            Word(&[
                "service_started",
                "service_healthy",
                "service_completed_successfully",
            ]),
        )
        .required(),
        field("required", Flag).kept(),
        field("restart", Flag),
    ],
};

const DEVELOP: Object = Object {
    fields: &[field("watch", List(&Keys(&WATCH)))],
};

const WATCH: Object = Object {
    fields: &[
        field(
            "action",
            Word(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"]),
        )
        .required()
        .kept(),
        field("exec", Keys(&HOOK)),
        field("ignore", OneOrMany),
        field("include", OneOrMany),
        field("initial_sync", Flag),
        field("path", Text).required().kept(),
        field("target", Text),
    ],
};

const DEVICE: Object = Object {
    fields: &[
        field("permissions", Text),
        field("source", Text).required(),
        field("target", Text).required(),
    ],
};

const ENV_FILE: Object = Object {
    fields: &[
        field("format", Word(&["raw"])),
        field("path", Text).required(),
        field("required", Flag).kept(),
    ],
};

const EXTENDS: Object = Object {
    fields: &[field("file", Text), field("service", Text).required()],
};

pub(super) const FILE_REFERENCE: Object = Object {
    fields: &[
        field("gid", Text),
        field("mode", WHOLE).kept(),
        field("source", Text),
        field("target", Text),
        field("uid", Text),
    ],
};

const HEALTHCHECK: Object = Object {
    fields: &[
        field("disable", Flag),
        field("interval", Duration).kept(),
        field("retries", Integer(0, i64::MAX)).kept(),
        field("start_interval", Duration).kept(),
        field("start_period", Duration).kept(),
        field("test", HealthTest),
        field("timeout", Duration).kept(),
    ],
};

const HOOK: Object = Object {
    fields: &[
        field("command", Command).kept(),
        field("environment", Pairs(Unset::Null)),
        field("privileged", Flag),
        field("user", Text),
        field("working_dir", Text),
    ],
};

const LOGGING: Object = Object {
    fields: &[field("driver", Text), field("options", Options)],
};

const MODEL_USE: Object = Object {
    fields: &[field("endpoint_var", Text), field("model_var", Text)],
};

const NETWORK_USE: Object = Object {
    fields: &[
        field("aliases", List(&Text)),
        field("driver_opts", Options),
        field("gw_priority", WHOLE),
        field("interface_name", Text),
        field("ipv4_address", Text),
        field("ipv6_address", Text),
        field("link_local_ips", List(&Text)),
        field("mac_address", Text),
        field("priority", WHOLE),
    ],
};

const PORT: Object = Object {
    fields: &[
        field("app_protocol", Text),
        field("host_ip", Text),
        field("mode", Text),
        field("name", Text),
        field("protocol", Text),
        field("published", Shape::Published),
        field("target", Integer(0, u32::MAX as i64)).required(),
    ],
};

const PROVIDER: Object = Object {
    fields: &[field("options", Any), field("type", Text).required()],
};

const MOUNT: Object = Object {
    fields: &[
        field("bind", Keys(&BIND)).kept(),
        field("consistency", Text),
        field("image", Keys(&IMAGE_MOUNT)).kept(),
        field("read_only", Flag),
        field("source", Text),
        field("target", Text).required(),
        field("tmpfs", Keys(&TMPFS)).kept(),
        field(
            "type",
            Word(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"]),
        )
        .required(),
        field("volume", Keys(&VOLUME_MOUNT)).kept(),
    ],
};

const BIND: Object = Object {
    fields: &[
        field("create_host_path", Flag),
        field("propagation", Text),
        field(
            "recursive",
            Word(&["enabled", "disabled", "writable", "readonly"]),
        ),
        field("selinux", Word(&["z", "Z"])),
    ],
};

const IMAGE_MOUNT: Object = Object {
    fields: &[field("subpath", Text)],
};

const TMPFS: Object = Object {
    fields: &[field("mode", WHOLE), field("size", Bytes)],
};

const VOLUME_MOUNT: Object = Object {
    fields: &[
        field("labels", Pairs(Unset::Empty)),
        field("nocopy", Flag),
        field("subpath", Text),
    ],
};
