//! `build`.

use super::service::{FILE_REFERENCE, any_text};
use super::shape::Shape::{
    Agents, Bytes, Flag, Hosts, List, Named, OneOrMany, Pairs, Scalar, Short, Text, Ulimit,
};
use super::shape::{Names, Object, Unset, field};

pub(super) const BUILD: Object = Object {
    fields: &[
        field("additional_contexts", Pairs(Unset::Refused)),
        field("args", Pairs(Unset::Null)),
        field("cache_from", List(&Text)),
        field("cache_to", List(&Text)),
        field("context", Text),
        field("dockerfile", Text),
        field("dockerfile_inline", Text),
        field("entitlements", List(&Text)),
        field("extra_hosts", Hosts),
        field("isolation", Text),
        field("labels", Pairs(Unset::Empty)),
        field("network", Text),
        field("no_cache", Flag),
        field("no_cache_filter", OneOrMany),
        field("platforms", List(&Text)),
        field("privileged", Flag),
        field("provenance", Scalar),
        field("pull", Flag),
        field("sbom", Scalar),
        field("secrets", List(&Short(any_text, &FILE_REFERENCE))),
        field("shm_size", Bytes),
        field("ssh", Agents),
        field("tags", List(&Text)),
        field("target", Text),
        field("ulimits", Named(Names::Any, &Ulimit)),
    ],
};
