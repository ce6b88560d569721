//! Channels: each has what its kind needs and nothing else, and nobody's failures go unheard.

use indexmap::IndexMap;
use shipway_compose::diagnostic::nearest;
use shipway_compose::yaml::Span;

use super::{Checker, forge};
use crate::config::Environment;
use crate::config::error::problem;
use crate::config::raw::{self, AddressText, ChannelKind, OneOrMany, VariableText};
use crate::config::tree::Placed;
use crate::name::{ChannelName, EnvironmentName};
use crate::notify::{Channel, Event, Reference, Security, Smtp, Target, is_loopback};

impl Checker {
    pub(super) fn notifications(
        &mut self,
        raw: IndexMap<Placed<raw::Name>, raw::Channel>,
        forge: Option<raw::Forge>,
        environments: &IndexMap<EnvironmentName, Environment>,
    ) -> IndexMap<ChannelName, Channel> {
        let mut channels = IndexMap::new();
        let mut last = None;
        for (key, mut raw) in raw {
            last = Some(key.span);
            if forge.is_some() && key.value.0 == forge::NAME {
                let told = "`forge` is the name of the forge among the channels";
                self.report(problem(key.span, told).with_help("give the channel another name"));
            }
            let Some(name) = self.name::<ChannelName>(&key) else {
                continue;
            };
            let known = environments.keys();
            let told_of = match raw.environments.take() {
                Some(wanted) => self.told_of(wanted, known),
                None => Vec::new(),
            };
            let events = raw.events.take();
            let events = events.unwrap_or_else(|| Event::DEFAULT.to_vec());
            if let Some(target) = self.target(raw, key.span) {
                let channel = Channel {
                    name: name.clone(),
                    target,
                    environments: told_of,
                    events: events.into_iter().collect(),
                };
                channels.insert(name, channel);
            }
        }
        if let (Some(place), true) = (last, self.problems.is_empty()) {
            self.check_heard(&channels, environments, place);
        }
        if let Some(forge) = forge.and_then(|forge| self.forge(forge)) {
            channels.insert(forge.name.clone(), forge);
        }
        channels
    }

    fn told_of<'e>(
        &mut self,
        wanted: Placed<OneOrMany<raw::Name>>,
        known: impl Iterator<Item = &'e EnvironmentName> + Clone,
    ) -> Vec<EnvironmentName> {
        let mut found = Vec::new();
        for raw::Name(text) in wanted.value.into_vec() {
            if let Some(name) = known.clone().find(|name| name.as_str() == text) {
                found.push(name.clone());
                continue;
            }
            let help = match nearest(&text, known.clone().map(EnvironmentName::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let names: Vec<&str> = known.clone().map(EnvironmentName::as_str).collect();
                    format!("there are {}", names.join(", "))
                }
            };
            let told = problem(wanted.span, format!("there is no environment `{text}`"));
            self.report(told.with_help(help));
        }
        found
    }

    fn target(&mut self, raw: raw::Channel, place: Span) -> Option<Target> {
        let kind = raw.kind;
        self.check_keys(&raw);
        if kind == ChannelKind::Smtp {
            return self.smtp(raw, place).map(Target::Smtp);
        }
        let url = self.reference(raw.url, place, ("url", "URL"));
        let secret = match kind {
            ChannelKind::Webhook => self.reference(raw.secret, place, ("secret", "SECRET")),
            _ => None,
        };
        match (kind, url?) {
            (ChannelKind::Slack, url) => Some(Target::Slack { url }),
            (ChannelKind::Teams, url) => Some(Target::Teams { url }),
            (ChannelKind::Discord, url) => Some(Target::Discord { url }),
            (ChannelKind::Webhook, url) => secret.map(|secret| Target::Webhook { url, secret }),
            (ChannelKind::Smtp, _) => None,
        }
    }

    /// A key of another kind would be read by nobody.
    fn check_keys(&mut self, raw: &raw::Channel) {
        let kind = raw.kind;
        let of = |is_there: bool, span: Option<Span>, name, of| {
            span.filter(|_| !is_there).map(|span| (span, name, of))
        };
        let is_smtp = kind == ChannelKind::Smtp;
        let is_webhook = kind == ChannelKind::Webhook;
        let wrong = [
            of(!is_smtp, span(&raw.url), "url", "the other kinds"),
            of(is_webhook, span(&raw.secret), "secret", "`kind: webhook`"),
            of(is_smtp, span(&raw.host), "host", "`kind: smtp`"),
            of(is_smtp, span(&raw.port), "port", "`kind: smtp`"),
            of(is_smtp, span(&raw.security), "security", "`kind: smtp`"),
            of(is_smtp, span(&raw.user), "user", "`kind: smtp`"),
            of(is_smtp, span(&raw.password), "password", "`kind: smtp`"),
            of(is_smtp, span(&raw.from), "from", "`kind: smtp`"),
            of(is_smtp, span(&raw.to), "to", "`kind: smtp`"),
        ];
        for (span, name, of) in wrong.into_iter().flatten() {
            self.report(problem(span, format!("`{name}` is for {of}")).with_help("remove it"));
        }
    }

    fn smtp(&mut self, raw: raw::Channel, place: Span) -> Option<Smtp> {
        let security = raw.security.as_ref().map(|security| security.value);
        let security = security.unwrap_or(Security::Starttls);
        let host = self.needed(raw.host, place, ("host", "the mail server's name"));
        let from = self.needed(raw.from, place, ("from", "the sender's address"));
        let from = from.and_then(|from| self.address(from.span, from.value));
        let to = self.needed(raw.to, place, ("to", "who gets the mail"));
        let to = to
            .map(|to| (to.span, to.value.into_vec()))
            .unwrap_or_default();
        let addresses = to.1.into_iter();
        let to: Vec<String> = addresses
            .filter_map(|address| self.address(to.0, address))
            .collect();
        let password = raw.password;
        if let (Some(user), None) = (&raw.user, &password) {
            let told = problem(user.span, "`user` needs `password`");
            self.report(told.with_help("write `password: ${SMTP_PASSWORD}`"));
        }
        let password = password.and_then(|password| self.held(password, "SMTP_PASSWORD"));
        let host = host?;
        if security == Security::None && !is_loopback(&host.value) {
            let told = "mail without TLS goes to a server on this machine only";
            self.report(problem(host.span, told).with_help("remove `security: none`"));
        }
        Some(Smtp {
            port: raw.port.map_or(security.port(), |port| port.value),
            host: host.value,
            security,
            user: raw.user.map(|user| user.value),
            password,
            from: from?,
            to,
        })
    }

    fn needed<T>(
        &mut self,
        raw: Option<Placed<T>>,
        place: Span,
        (name, what): (&str, &str),
    ) -> Option<Placed<T>> {
        if raw.is_none() {
            let told = format!("a channel of the kind `smtp` needs `{name}`");
            self.report(problem(place, told).with_help(format!("write {what}")));
        }
        raw
    }

    fn reference(
        &mut self,
        raw: Option<Placed<VariableText>>,
        place: Span,
        (name, example): (&str, &str),
    ) -> Option<Reference> {
        match raw {
            Some(raw) => self.held(raw, example),
            None => {
                let help = format!("name the variable that holds it: `{name}: ${{{example}}}`");
                let told = format!("a channel of this kind needs `{name}`");
                self.report(problem(place, told).with_help(help));
                None
            }
        }
    }

    /// Whoever reads this file could send as we do: what shows who we are stands elsewhere.
    pub(super) fn held(&mut self, raw: Placed<VariableText>, example: &str) -> Option<Reference> {
        let found = Reference::try_new(&raw.value.0);
        if found.is_none() {
            // It may be the secret itself: it is not repeated.
            let help = format!(
                "name the variable or the secret of `shipway secrets` that holds it, such as \
                 `${{{example}}}`"
            );
            let told = problem(raw.span, "a secret does not stand in this file");
            self.report(told.with_help(help));
        }
        found
    }

    pub(super) fn address(&mut self, span: Span, AddressText(text): AddressText) -> Option<String> {
        let is_address = text.split_once('@').is_some_and(|(name, host)| {
            let is_part = |part: &str| {
                !part.is_empty()
                    && part.chars().all(|letter| letter.is_ascii_graphic())
                    && !part.contains(['@', '<', '>', ',', ';', '"'])
            };
            is_part(name) && is_part(host)
        });
        if !is_address {
            let told = problem(span, format!("`{text}` is no address of mail"));
            self.report(told.with_help("write one such as `ops@example.org`"));
            return None;
        }
        Some(text)
    }

    /// Failures and rollbacks of an environment are told, where anything of it is.
    fn check_heard(
        &mut self,
        channels: &IndexMap<ChannelName, Channel>,
        environments: &IndexMap<EnvironmentName, Environment>,
        place: Span,
    ) {
        for environment in environments.keys() {
            let is_for = |channel: &&Channel| channel.is_for(environment);
            let hearing: Vec<&Channel> = channels.values().filter(is_for).collect();
            let is_unheard =
                |event: &Event| !hearing.iter().any(|channel| channel.events.contains(event));
            let unheard: Vec<String> = Event::FAILURES
                .into_iter()
                .filter(is_unheard)
                .map(|event| format!("`{event}`"))
                .collect();
            if !hearing.is_empty() && !unheard.is_empty() {
                let unheard = unheard.join(", ");
                let told = format!("nobody would be told of {unheard} in `{environment}`");
                let help = "add them to the `events` of a channel, or leave its `events` out";
                self.report(problem(place, told).with_help(help));
            }
        }
    }
}

fn span<T>(placed: &Option<Placed<T>>) -> Option<Span> {
    placed.as_ref().map(|placed| placed.span)
}

#[cfg(test)]
mod tests {
    use crate::config::parse;
    use crate::notify::{Event, Security, Target};

    fn file(channels: &str) -> String {
        format!(
            "project: app\nnotifications:\n{channels}environments:\n  staging:\n    \
             route: {{listen: 1}}\n  production:\n    route: {{listen: 2}}\n"
        )
    }

    #[track_caller]
    fn refused(channel: &str) -> String {
        let problems = parse(&file(&format!("  ops: {{ {channel} }}\n"))).unwrap_err();
        let told = problems.iter().map(|one| {
            format!(
                "{} ({})",
                one.message,
                one.help.as_deref().unwrap_or_default()
            )
        });
        told.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_channel_is_told_of_all_environments_and_of_what_matters() {
        let config = parse(&file("  ops: { kind: slack, url: \"${SLACK_URL}\" }\n")).unwrap();
        let ops = &config.notifications[0];
        let production = "production".parse().unwrap();
        for event in Event::DEFAULT {
            assert!(ops.takes(event, &production), "{event}");
        }
        assert!(!ops.takes(Event::Deployed, &production));
        assert!(matches!(&ops.target, Target::Slack { url } if url.name() == "SLACK_URL"));
    }

    #[test]
    fn a_channel_of_its_own_may_be_told_of_little() {
        let config = parse(&file(
            "  ops: { kind: teams, url: \"${A}\" }\n  \
             all: { kind: discord, url: \"${B}\", environments: production, events: [deployed] }\n",
        ));
        let all = &config.unwrap().notifications[1];
        let [staging, production] = ["staging", "production"].map(|name| name.parse().unwrap());
        assert!(all.takes(Event::Deployed, &production));
        assert!(!all.takes(Event::Deployed, &staging));
        assert!(!all.takes(Event::Failed, &production));
    }

    #[test]
    fn nobodys_failures_go_unheard() {
        let told =
            refused("kind: slack, url: '${A}', environments: production, events: [deployed]");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains("`failed`, `rolled-back`, `rollback-failed` in `production`"));
    }

    #[test]
    fn a_secret_in_the_file_is_refused_and_not_repeated() {
        for channel in [
            "kind: slack, url: https://hooks.example.org/T0/B0/hunter2",
            "kind: webhook, url: '${A}', secret: whsec_hunter2",
            "kind: smtp, host: a, from: a@b, to: a@b, user: u, password: hunter2",
        ] {
            let told = refused(channel);
            assert!(
                told.contains("a secret does not stand in this file"),
                "{told}"
            );
            assert!(
                told.contains("shipway secrets") && !told.contains("hunter2"),
                "{told}"
            );
        }
    }

    #[test]
    fn each_kind_has_what_it_needs_and_nothing_else() {
        for (channel, told) in [
            ("kind: slack", "needs `url`"),
            ("kind: webhook, url: '${A}'", "needs `secret`"),
            (
                "kind: slack, url: '${A}', secret: '${B}'",
                "`secret` is for `kind: webhook`",
            ),
            (
                "kind: slack, url: '${A}', host: a",
                "`host` is for `kind: smtp`",
            ),
            ("kind: smtp, url: '${A}'", "`url` is for the other kinds"),
            ("kind: smtp, from: a@b, to: a@b", "needs `host`"),
            ("kind: smtp, host: a, to: a@b", "needs `from`"),
            ("kind: smtp, host: a, from: a@b", "needs `to`"),
            (
                "kind: smtp, host: a, from: a@b, to: [a@b, c]",
                "`c` is no address",
            ),
            (
                "kind: smtp, host: a, from: a@b, to: a@b, user: u",
                "`user` needs `password`",
            ),
            (
                "kind: smtp, host: mail.example.org, security: none, from: a@b, to: a@b",
                "on this machine only",
            ),
            ("kind: slak, url: '${A}'", "did you mean `slack`?"),
            (
                "kind: slack, url: '${A}', environments: [prodction]",
                "did you mean `production`?",
            ),
            (
                "kind: slack, url: '${A}', events: [rolled-bak]",
                "did you mean `rolled-back`?",
            ),
            (
                "kind: slack, url: '${A}', events: [test]",
                "expected one of",
            ),
        ] {
            let found = refused(channel);
            assert!(found.contains(told), "{channel}: {found}");
        }
    }

    #[test]
    fn the_port_follows_from_the_protection() {
        for (more, security, port) in [
            ("", Security::Starttls, 587),
            ("security: tls,", Security::Tls, 465),
            ("security: none,", Security::None, 25),
            ("security: tls, port: 2465,", Security::Tls, 2465),
        ] {
            let channel =
                format!("  ops: {{ kind: smtp, {more} host: localhost, from: a@b, to: a@b }}\n");
            let config = parse(&file(&channel)).unwrap();
            let Target::Smtp(smtp) = &config.notifications[0].target else {
                panic!("it is mail");
            };
            assert_eq!((smtp.security, smtp.port), (security, port));
        }
    }
}
