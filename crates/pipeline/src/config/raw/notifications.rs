//! Channels as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::{AddressText, Name, OneOrMany, VariableText};
use crate::notify::{Event, Security};

/// Where notifications go, and which.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Channel {
    /// What it is.
    #[schemars(extend("examples" = ["slack"]))]
    pub(in crate::config) kind: ChannelKind,
    /// The environments that it is told of.
    #[schemars(extend("x-default" = "all", "examples" = [["production"]]))]
    pub(in crate::config) environments: Option<Placed<OneOrMany<Name>>>,
    /// What it is told. An environment that any channel is told of has one that is told of
    /// failures and rollbacks.
    #[schemars(extend("default" = Event::DEFAULT))]
    pub(in crate::config) events: Option<Vec<Event>>,
    /// The variable that holds its URL, for all kinds but `smtp`.
    ///
    /// Like all variables here it is one of whoever sends or, where that has none, the secret of
    /// this name of the environment that is told of (`shipway secrets set`).
    #[schemars(extend("x-default" = "none; `smtp` has a `host`", "examples" = ["${SLACK_URL}"]))]
    pub(in crate::config) url: Option<Placed<VariableText>>,
    /// The variable that holds what requests are signed with, for the kind `webhook`.
    #[schemars(extend("x-default" = "none", "examples" = ["${WEBHOOK_SECRET}"]))]
    pub(in crate::config) secret: Option<Placed<VariableText>>,
    /// The mail server. This and what follows is for the kind `smtp`.
    #[schemars(extend("x-default" = "none", "examples" = ["mail.example.org"]))]
    pub(in crate::config) host: Option<Placed<String>>,
    /// Its port.
    #[schemars(range(min = 1), extend("x-default" = "587 with `starttls`, 465 with `tls`, 25 with `none`"))]
    pub(in crate::config) port: Option<Placed<u16>>,
    /// How the connection is protected; `none` is for a server on this machine.
    #[schemars(extend("x-default" = "`starttls`"))]
    pub(in crate::config) security: Option<Placed<Security>>,
    /// Who we are to it.
    #[schemars(extend("x-default" = "nobody", "examples" = ["shop"]))]
    pub(in crate::config) user: Option<Placed<String>>,
    /// The variable that holds the password.
    #[schemars(extend("x-default" = "none", "examples" = ["${SMTP_PASSWORD}"]))]
    pub(in crate::config) password: Option<Placed<VariableText>>,
    /// The sender.
    #[schemars(extend("x-default" = "none", "examples" = ["shipway@example.org"]))]
    pub(in crate::config) from: Option<Placed<AddressText>>,
    /// Who gets it.
    #[schemars(extend("x-default" = "nobody", "examples" = [["ops@example.org"]]))]
    pub(in crate::config) to: Option<Placed<OneOrMany<AddressText>>>,
}

/// What a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum ChannelKind {
    /// An incoming webhook of Slack, or of what takes the same, such as Mattermost.
    Slack,
    /// A workflow of Microsoft Teams that posts what a webhook receives.
    Teams,
    /// A webhook of Discord.
    Discord,
    /// Any other system, by signed requests as Standard Webhooks has them.
    Webhook,
    /// Mail.
    Smtp,
}
