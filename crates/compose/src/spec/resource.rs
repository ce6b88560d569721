//! Networks, volumes, secrets, configs and models of the top level.

use super::shape::Shape::{
    External, Flag, Ignored, Integer, Keys, List, Named, Options, Pairs, Text,
};
use super::shape::{Names, Object, Unset, field};

pub(super) const NETWORK_KEYS: Object = Object {
    fields: &[
        field("attachable", Flag),
        field("driver", Text),
        field("driver_opts", Options),
        field("enable_ipv4", Flag).kept(),
        field("enable_ipv6", Flag).kept(),
        field("external", External),
        field("internal", Flag),
        field("ipam", Keys(&IPAM)),
        field("labels", Pairs(Unset::Empty)),
        field("name", Text),
    ],
};

const IPAM: Object = Object {
    fields: &[
        field("config", List(&Keys(&POOL))),
        field("driver", Text),
        field("options", Ignored),
    ],
};

const POOL: Object = Object {
    fields: &[
        field("aux_addresses", Named(Names::Any, &Text)),
        field("gateway", Text),
        field("ip_range", Text),
        field("subnet", Text),
    ],
};

pub(super) const VOLUME_KEYS: Object = Object {
    fields: &[
        field("driver", Text),
        field("driver_opts", Options),
        field("external", External),
        field("labels", Pairs(Unset::Empty)),
        field("name", Text),
    ],
};

pub(super) const SECRET_KEYS: Object = Object {
    fields: &[
        field("driver", Text),
        field("driver_opts", Options),
        field("environment", Text),
        field("external", External),
        field("file", Text),
        field("labels", Pairs(Unset::Empty)),
        field("name", Text),
        field("template_driver", Text),
    ],
};

pub(super) const CONFIG_KEYS: Object = Object {
    fields: &[
        field("content", Text),
        field("environment", Text),
        field("external", External),
        field("file", Text),
        field("labels", Pairs(Unset::Empty)),
        field("name", Text),
        field("template_driver", Text),
    ],
};

pub(super) const MODEL: Object = Object {
    fields: &[
        field("context_size", Integer(i64::MIN, i64::MAX)),
        field("model", Text).required(),
        field("name", Text),
        field("runtime_flags", List(&Text)),
    ],
};
