//! Texts with a form of their own, and what their form is to a schema.
//!
//! `x-form` is the form in words, for messages. The patterns let through what the checks let through: a test compares the two.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A name of a project, an environment or a service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend("pattern" = "^[a-z0-9][a-z0-9._-]{0,62}$", "x-form" = "a name in lower case")
)]
pub(in crate::config) struct Name(pub(in crate::config) String);

/// A duration such as `90s`, `1m30s` or `250ms`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend("pattern" = r"^\s*([0-9]+(ms|s|m|h|d))+\s*$", "x-form" = "a duration such as `90s` or `1m30s`")
)]
pub(in crate::config) struct DurationText(pub(in crate::config) String);

/// A path of a URL, such as `/health/`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("pattern" = r"^/\S*$", "x-form" = "a path such as `/health/`"))]
pub(in crate::config) struct PathText(pub(in crate::config) String);

/// A part of a host, such as `/api`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend(
        "pattern" = r"^/([A-Za-z0-9._~!$&'()*+,=:@-]+(/[A-Za-z0-9._~!$&'()*+,=:@-]+)*/?)?$",
        "x-form" = "a path such as `/api`"
    )
)]
pub(in crate::config) struct PrefixText(pub(in crate::config) String);

/// So many in some time, such as `20/s`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend("pattern" = r"^\s*[0-9]{1,7}\s*/\s*[smh]\s*$", "x-form" = "a rate such as `20/s` or `300/m`")
)]
pub(in crate::config) struct RateText(pub(in crate::config) String);

/// A number of bytes, such as `100MiB`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend(
        "pattern" = r"^\s*[0-9]{1,9}\s*(B|[kKMGT]B|[KMGT]iB)\s*$",
        "x-form" = "a size such as `100MiB` or `2GB`"
    )
)]
pub(in crate::config) struct SizeText(pub(in crate::config) String);

/// An address or a range of addresses, such as `10.0.0.0/8`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("x-form" = "an address range such as `10.0.0.0/8`"))]
pub(in crate::config) struct RangeText(pub(in crate::config) String);

/// A registry's address and a path, such as `registry.example.org/shop`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend(
        "pattern" = "^[a-z0-9.-]+(:[0-9]{1,5})?(/[a-z0-9._-]+)+$",
        "x-form" = "a registry's address and a path, such as `registry.example.org/shop`"
    )
)]
pub(in crate::config) struct RepositoryText(pub(in crate::config) String);

/// Where an engine is, such as `ssh://deploy@shop.example.org`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend(
        "pattern" = r"^(unix:///\S+|ssh://\S+)$",
        "x-form" = "an engine's host, such as `ssh://deploy@shop.example.org`"
    )
)]
pub(in crate::config) struct HostText(pub(in crate::config) String);

/// An operating system and an architecture, such as `linux/arm64`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend(
        "pattern" = "^linux/[a-z0-9]+(/v[0-9]+)?$",
        "x-form" = "a platform such as `linux/arm64`"
    )
)]
pub(in crate::config) struct PlatformText(pub(in crate::config) String);

/// Somebody whom something is encrypted for, such as `age1…`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("x-form" = "a recipient of age, `age1…`"))]
pub(in crate::config) struct RecipientText(pub(in crate::config) String);

/// A variable such as `${DATABASE_URL}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("x-form" = "a variable such as `${DATABASE_URL}`"))]
pub(in crate::config) struct VariableText(pub(in crate::config) String);

/// An address of mail, such as `ops@example.org`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("x-form" = "an address such as `ops@example.org`"))]
pub(in crate::config) struct AddressText(pub(in crate::config) String);

/// A file of a volume, such as `data/db.sqlite3`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("x-form" = "a volume and a path in it, such as `data/db.sqlite3`"))]
pub(in crate::config) struct VolumeFile(pub(in crate::config) String);

/// A branch or a pattern of branches, such as `feature/*`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(in crate::config) struct BranchName(pub(in crate::config) String);

/// A moment of every week, such as `fri 16:00`, or once, such as `2026-12-20T18:00`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend("x-form" = "a moment such as `fri 16:00` or `2026-12-20T18:00`")
)]
pub(in crate::config) struct Moment(pub(in crate::config) String);

/// The version of the format: there is one.
pub(in crate::config) struct Version;

/// A share such as `1%` or `0.01`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(in crate::config) enum RatioText {
    /// As a text.
    Text(String),
    /// As a number.
    Number(f64),
}

/// A port, or an address and a port.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(in crate::config) enum Listen {
    /// A port of the loopback address.
    Port(u16),
    /// As a text.
    Text(String),
}

/// One text or a list of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(in crate::config) enum OneOrMany<T> {
    /// One.
    One(T),
    /// A list.
    Many(Vec<T>),
}

/// A command: one line, split as a shell splits words, or a list of words.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(in crate::config) enum Words {
    /// One line, split as a shell splits words.
    Line(String),
    /// A list of words.
    List(Vec<String>),
}

/// From 0 to 100 with a percent sign, or from 0 to 1 without.
const RATIO: &str = r"^\s*(((100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)\s*%)|(0(\.[0-9]+)?|1(\.0+)?))\s*$";

// === impl OneOrMany ===

impl<T> OneOrMany<T> {
    pub(in crate::config) fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

// === impl JsonSchema ===

impl JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "enum": [1] })
    }
}

impl JsonSchema for RatioText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Ratio".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "pattern": RATIO, "x-form": "a share such as `1%`" },
                { "type": "number", "minimum": 0, "maximum": 1 }
            ]
        })
    }
}

impl JsonSchema for Listen {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Listen".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 65535 },
                { "type": "string", "pattern": r"^.*[0-9]+$", "x-form": "an address and a port" }
            ]
        })
    }
}
