//! The forge: where it is, and who we are to it.

use super::Checker;
use crate::config::error::problem;
use crate::config::raw;
use crate::config::tree::Placed;
use crate::name::ChannelName;
use crate::notify::{Channel, Forge, ForgeKind, Target, is_loopback};

/// The name of the channel that the forge is.
pub(super) const NAME: &str = "forge";

impl Checker {
    pub(super) fn forge(&mut self, raw: raw::Forge) -> Option<Channel> {
        let kind = raw.kind;
        let repository = self.forge_repository(kind, raw.repository);
        let token = self.held(raw.token, "FORGE_TOKEN");
        let api = raw.api.map(|api| self.web_address(api, "api"));
        let link = raw.link.map(|link| self.web_address(link, "link"));
        let name: ChannelName = NAME.parse().ok()?;
        Some(Channel {
            name,
            target: Target::Forge(Forge {
                forge: kind,
                api: api.unwrap_or_else(|| kind.api().to_owned()),
                repository,
                token: token?,
                link,
            }),
            environments: Vec::new(),
            events: Forge::EVENTS.into(),
        })
    }

    fn forge_repository(&mut self, kind: ForgeKind, raw: Placed<String>) -> String {
        let is_part = |part: &str| {
            let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !matches!(part, "" | "." | "..") && part.bytes().all(is_known)
        };
        let parts: Vec<&str> = raw.value.split('/').collect();
        let is_deep = parts.len() > 2 && kind == ForgeKind::GitHub;
        if parts.len() < 2 || is_deep || !parts.iter().all(|part| is_part(part)) {
            let told = format!("`{}` is no repository of a forge", raw.value);
            let help = "write its owner and its name, such as `acme/shop`";
            self.report(problem(raw.span, told).with_help(help));
        }
        raw.value
    }

    /// A URL that holds no secret, and that nobody else reads what is sent to.
    fn web_address(&mut self, raw: Placed<String>, key: &str) -> String {
        let text = raw.value;
        let rest = text.strip_prefix("https://");
        let here = text.strip_prefix("http://").filter(|rest| {
            let host = rest.split(['/', '?']).next().unwrap_or_default();
            is_loopback(host.rsplit_once(':').map_or(host, |(host, _)| host))
        });
        let is_good = rest.or(here).is_some_and(|rest| {
            let host = rest.split('/').next().unwrap_or_default();
            !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
        });
        if !is_good {
            let told = problem(
                raw.span,
                format!("`{key}` is no URL that begins with `https://`"),
            );
            self.report(told.with_help("write one without a user and a password"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse;
    use crate::notify::{Event, ForgeKind, Target};

    fn file(forge: &str) -> String {
        format!(
            "project: app\nforge: {{ {forge} }}\nenvironments:\n  staging:\n    \
             route: {{listen: 1}}\n"
        )
    }

    #[test]
    fn a_forge_is_a_channel_of_its_own() {
        for (forge, kind, api) in [
            (
                "kind: github, repository: acme/shop, token: '${T}'",
                ForgeKind::GitHub,
                "https://api.github.com",
            ),
            (
                "kind: gitlab, repository: a/b/c, token: '${T}', api: 'http://127.0.0.1:80/api/v4'",
                ForgeKind::GitLab,
                "http://127.0.0.1:80/api/v4",
            ),
        ] {
            let config = parse(&file(forge)).unwrap();
            let channel = &config.notifications[0];
            let Target::Forge(found) = &channel.target else {
                panic!("it is a forge");
            };
            assert_eq!((found.forge, found.api.as_str()), (kind, api));
            assert!(channel.events.contains(&Event::Started));
        }
    }

    #[test]
    fn what_is_wrong_with_a_forge_is_told() {
        for (forge, told) in [
            (
                "kind: github, repository: shop, token: '${T}'",
                "no repository",
            ),
            (
                "kind: github, repository: a/b/c, token: '${T}'",
                "no repository",
            ),
            (
                "kind: gitlab, repository: ../a, token: '${T}'",
                "no repository",
            ),
            (
                "kind: github, repository: a/b, token: ghp_hunter2",
                "a secret does not stand",
            ),
            (
                "kind: github, repository: a/b, token: '${T}', api: 'http://git.example.org'",
                "`api` is no URL",
            ),
            (
                "kind: github, repository: a/b, token: '${T}', link: 'https://u:p@a/'",
                "`link` is no URL",
            ),
            (
                "kind: gitea, repository: a/b, token: '${T}'",
                "expected one of",
            ),
        ] {
            let problems = parse(&file(forge)).unwrap_err();
            assert!(problems[0].message.contains(told), "{forge}: {problems:?}");
            assert!(!format!("{problems:?}").contains("hunter2"));
        }
    }

    #[test]
    fn the_forges_name_is_its_own() {
        let text = file("kind: github, repository: a/b, token: '${T}'");
        let channel = "notifications: { forge: { kind: slack, url: '${A}' } }\nenvironments";
        let problems = parse(&text.replace("environments", channel)).unwrap_err();
        assert!(
            problems[0].message.contains("is the name of"),
            "{problems:?}"
        );
    }
}
