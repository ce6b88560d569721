//! Settings that are right on one's own machine and give a site away on the internet.

use super::setting::Setting;
use super::subject::View;
use crate::diagnostic::{Code, Diagnostic};

/// Names of variables that make a service tell of its insides.
const DEBUG: [&str; 5] = [
    "DEBUG",
    "DJANGO_DEBUG",
    "FLASK_DEBUG",
    "APP_DEBUG",
    "WERKZEUG_DEBUG",
];

/// Names of variables that list the host names a service answers to.
const HOSTS: [&str; 3] = ["ALLOWED_HOSTS", "DJANGO_ALLOWED_HOSTS", "TRUSTED_HOSTS"];

/// Names of variables that keep cookies and pages on encrypted connections.
const TRANSPORT: [&str; 3] = [
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SECURE_SSL_REDIRECT",
];

/// A service is in debug mode.
pub(super) fn debug(view: &View<'_>) -> Vec<Diagnostic> {
    let is_it = |one: &Setting<'_>| DEBUG.contains(&one.name) && is_on(one.value);
    found(view, is_it, |one| {
        Diagnostic::new(
            Code::DebugMode,
            format!(
                "service `{}` runs with `{}={}`",
                one.service, one.name, one.value
            ),
        )
        .with_help(format!(
            "set `{}=False` in this environment's variables",
            one.name
        ))
    })
}

/// A service takes requests for any host name.
pub(super) fn hosts(view: &View<'_>) -> Vec<Diagnostic> {
    let is_any = |value: &str| {
        value
            .split([',', ' '])
            .any(|host| host.trim_matches(['[', ']', '"', '\'']) == "*")
    };
    let is_it = |one: &Setting<'_>| HOSTS.contains(&one.name) && is_any(one.value);
    found(view, is_it, |one| {
        Diagnostic::new(
            Code::WildcardHosts,
            format!(
                "`{}` of service `{}` allows any host",
                one.name, one.service
            ),
        )
        .with_help("list the names that visitors use, as `route.host` of shipway.yml does")
    })
}

/// Cookies or pages go over connections that others can read.
pub(super) fn transport(view: &View<'_>) -> Vec<Diagnostic> {
    let is_it = |one: &Setting<'_>| TRANSPORT.contains(&one.name) && is_off(one.value);
    found(view, is_it, |one| {
        Diagnostic::new(
            Code::InsecureTransport,
            format!("`{}` of service `{}` is off", one.name, one.service),
        )
        .with_help(format!(
            "set `{}=True`, and let whatever ends TLS send `X-Forwarded-Proto: https`",
            one.name
        ))
    })
}

fn found(
    view: &View<'_>,
    is_it: impl Fn(&Setting<'_>) -> bool,
    tell: impl Fn(&Setting<'_>) -> Diagnostic,
) -> Vec<Diagnostic> {
    let found = view.settings().iter().filter(|one| is_it(one));
    found
        .map(|one| tell(one).with_label(one.place, ""))
        .collect()
}

fn is_on(value: &str) -> bool {
    ["true", "1", "yes", "on"].contains(&value.to_ascii_lowercase().as_str())
}

fn is_off(value: &str) -> bool {
    ["false", "0", "no", "off"].contains(&value.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    fn services(variable: &str) -> String {
        format!(
            "  web:\n    image: a\n    environment: &all\n      {variable}\n  worker: {{image: a, environment: *all}}"
        )
    }

    #[test]
    fn debug_modes_are_found_once_and_what_is_off_is_right() {
        assert_eq!(
            messages(debug, &services("DEBUG: 'True'")),
            ["service `web` runs with `DEBUG=True`"]
        );
        for right in ["DEBUG: 'False'", "DEBUG: ''", "DEBUG_LEVEL: '1'"] {
            assert!(messages(debug, &services(right)).is_empty(), "{right}");
        }
    }

    #[test]
    fn a_host_name_of_its_own_is_no_wildcard() {
        for any in ["'*'", "'shop.example.org,*'", "'[\"*\"]'"] {
            let text = services(&format!("ALLOWED_HOSTS: {any}"));
            assert_eq!(messages(hosts, &text).len(), 1, "{any}");
        }
        let text = services("ALLOWED_HOSTS: 'shop.example.org,*.example.org'");
        assert!(messages(hosts, &text).is_empty());
    }

    #[test]
    fn protection_that_is_off_is_found() {
        let text = services("SESSION_COOKIE_SECURE: 'False'\n      CSRF_COOKIE_SECURE: 'True'");
        assert_eq!(
            messages(transport, &text),
            ["`SESSION_COOKIE_SECURE` of service `web` is off"]
        );
    }
}
