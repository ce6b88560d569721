//! Certificates by ACME.

use std::net::{IpAddr, SocketAddr};

use super::Checker;
use crate::config::error::problem;
use crate::config::tree::Placed;
use crate::config::{default, raw};
use crate::route::{Acme, Challenge};

impl Checker {
    /// How certificates are issued for a route that listens at `plain` and, for HTTPS, `secure`.
    pub(super) fn acme(
        &mut self,
        raw: Placed<raw::Acme>,
        (plain, secure): (SocketAddr, SocketAddr),
        hosts: &[String],
    ) -> Acme {
        let span = raw.span;
        let raw = raw.value;
        for host in hosts {
            let (told, help) = if host.starts_with("*.") {
                (
                    format!("no certificate for `{host}` can be had by ACME here"),
                    "an authority gives one for a wildcard to whoever changes its zone (dns-01), \
                     which is not done here: name the hosts one by one, or a certificate's files",
                )
            } else if is_address(host) {
                (
                    format!("no certificate for the address `{host}` can be had by ACME here"),
                    "name the host by its name, or a certificate's files",
                )
            } else {
                continue;
            };
            self.report(problem(span, told).with_help(help));
        }
        let email = self.address(raw.email.span, raw.email.value);
        let challenges = match raw.challenges {
            Some(written) => self.challenges(written),
            None => usual(plain, secure),
        };
        if challenges.is_empty() {
            let told = format!(
                "no challenge can be answered: an authority comes to port {} or {}, and \
                 the route listens at {} and {}",
                default::HTTP_PORT,
                default::TLS_PORT,
                plain.port(),
                secure.port()
            );
            let help = "listen there, or say which of them is handed on to the proxy: \
                        `challenges: http-01` for port 80, `challenges: tls-alpn-01` for port 443";
            self.report(problem(span, told).with_help(help));
        }
        Acme {
            directory: match raw.directory {
                Some(directory) => self.directory(directory),
                None => Acme::LETS_ENCRYPT.to_owned(),
            },
            email: email.unwrap_or_default(),
            ca: raw.ca.map(|file| self.file(file)),
            challenges,
        }
    }

    fn challenges(&mut self, raw: Placed<raw::OneOrMany<Challenge>>) -> Vec<Challenge> {
        let mut challenges = Vec::new();
        for challenge in raw.value.into_vec() {
            if challenges.contains(&challenge) {
                let told = problem(raw.span, "a challenge is named twice");
                self.report(told.with_help("take one of them out"));
            } else {
                challenges.push(challenge);
            }
        }
        challenges
    }

    fn directory(&mut self, raw: Placed<String>) -> String {
        let rest = raw.value.strip_prefix("https://").unwrap_or_default();
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let is_good = !host.is_empty()
            && !host.contains('@')
            && rest.chars().all(|letter| letter.is_ascii_graphic());
        if !is_good {
            let told = "`directory` is no URL that begins with `https://`";
            let help = format!(
                "write the URL of an authority's directory, such as `{}`",
                Acme::LETS_ENCRYPT
            );
            self.report(problem(raw.span, told).with_help(help));
        }
        raw.value
    }
}

/// The challenges that can be answered at the ports that an authority comes to.
fn usual(plain: SocketAddr, secure: SocketAddr) -> Vec<Challenge> {
    let http = (plain.port() == default::HTTP_PORT).then_some(Challenge::Http);
    let tls = (secure.port() == default::TLS_PORT).then_some(Challenge::TlsAlpn);
    http.into_iter().chain(tls).collect()
}

fn is_address(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(host).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, parse};

    fn file(route: &str) -> String {
        format!("project: shop\nenvironments:\n  production:\n    route: {{ {route} }}\n")
    }

    fn acme_of(config: &Config) -> Acme {
        let tls = config.environments[0].route.tls.as_ref().unwrap();
        tls.certificate.acme().unwrap().clone()
    }

    fn read(route: &str) -> Acme {
        acme_of(&parse(&file(route)).unwrap())
    }

    fn problems(route: &str) -> Vec<String> {
        let problems = parse(&file(route)).unwrap_err();
        problems.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn the_ports_say_which_challenges_can_be_answered() {
        let both = read("listen: '0.0.0.0:80', host: a.org, tls: { acme: { email: a@a.org } }");
        assert_eq!(both.directory, Acme::LETS_ENCRYPT);
        assert_eq!(both.challenges, [Challenge::Http, Challenge::TlsAlpn]);
        let http = "listen: 80, host: a.org, tls: { listen: 8443, acme: { email: a@a.org } }";
        assert_eq!(read(http).challenges, [Challenge::Http]);
        let tls = "listen: 8000, host: a.org, tls: { acme: { email: a@a.org } }";
        assert_eq!(read(tls).challenges, [Challenge::TlsAlpn]);
        let said = read(
            "listen: 8000, host: a.org, tls: { listen: 8443, acme: { email: a@a.org, \
             challenges: [tls-alpn-01, http-01] } }",
        );
        assert_eq!(said.challenges, [Challenge::TlsAlpn, Challenge::Http]);
    }

    #[test]
    fn an_authority_of_ones_own_can_be_named() {
        let route = "listen: 80, host: a.org, tls: { acme: { email: a@a.org, \
                     directory: 'https://ca.internal:9000/acme/directory', ca: certs/ca.pem } }";
        let mut config = parse(&file(route)).unwrap();
        config.locate(Path::new("/srv/shop"));
        let acme = acme_of(&config);
        assert_eq!(acme.directory, "https://ca.internal:9000/acme/directory");
        assert_eq!(acme.ca.as_deref(), Some("/srv/shop/certs/ca.pem"));
    }

    #[test]
    fn what_cannot_be_is_told() {
        let of = |more: &str| format!("listen: 80, {more}");
        for (route, told) in [
            ("tls: { acme: { email: a@a.org } }", "`tls` needs `host`"),
            (
                "host: ['*.a.org'], tls: { acme: { email: a@a.org } }",
                "no certificate for `*.a.org` can be had by ACME here",
            ),
            (
                "host: 192.0.2.1, tls: { acme: { email: a@a.org } }",
                "no certificate for the address `192.0.2.1` can be had by ACME here",
            ),
            (
                "host: '[2001:db8::1]', tls: { acme: { email: a@a.org } }",
                "no certificate for the address `[2001:db8::1]` can be had by ACME here",
            ),
            (
                "host: a.org, tls: { acme: { email: nobody } }",
                "`nobody` is no address of mail",
            ),
            (
                "host: a.org, tls: { acme: { email: a@a.org, directory: 'http://ca/' } }",
                "`directory` is no URL that begins with `https://`",
            ),
            (
                "host: a.org, tls: { acme: { email: a@a.org, directory: 'https://u:p@ca/' } }",
                "`directory` is no URL that begins with `https://`",
            ),
            (
                "host: a.org, tls: { acme: { email: a@a.org, ca: ' ' } }",
                "the path is empty",
            ),
            (
                "host: a.org, tls: { acme: { email: a@a.org, challenges: [http-01, http-01] } }",
                "a challenge is named twice",
            ),
            (
                "host: a.org, tls: { acme: { email: a@a.org }, certificate: a, key: b }",
                "`acme` takes the place of `certificate` and `key`",
            ),
        ] {
            assert_eq!(problems(&of(route)), [told], "{route}");
        }
        assert_eq!(
            problems("listen: 8000, host: a.org, tls: { listen: 8443, acme: { email: a@a.org } }"),
            [
                "no challenge can be answered: an authority comes to port 80 or 443, and the route \
                 listens at 8000 and 8443"
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_once() {
        let acme = "environments.production.route.tls.acme";
        for (tls, told) in [
            ("acme: {}", format!("`{acme}` has no `email`")),
            (
                "acme: [a@a.org]",
                format!("`{acme}` is a list: expected a mapping"),
            ),
            (
                "acme: { mail: a@a.org }",
                format!("`{acme}` has no `email`; unknown key `mail` in `{acme}`"),
            ),
            (
                "acne: { email: a@a.org }",
                "unknown key `acne` in `environments.production.route.tls`".to_owned(),
            ),
        ] {
            let route = format!("listen: 80, host: a.org, tls: {{ {tls} }}");
            assert_eq!(problems(&route).join("; "), told, "{tls}");
        }
    }

    #[test]
    fn environments_share_the_certificate_of_a_host_by_the_same_authority() {
        let two = |directory: &str| {
            let first = "listen: 80, host: a.org, paths: /a, tls: { acme: { email: a@a.org } }";
            let text = format!(
                "{}  staging: {{ route: {{ listen: 80, host: a.org, paths: /b, tls: {{ acme: \
                 {{ email: b@b.org, directory: '{directory}' }} }} }} }}\n",
                file(first)
            );
            parse(&text)
        };
        two(Acme::LETS_ENCRYPT).unwrap();
        let told = two("https://ca.internal/").unwrap_err();
        assert_eq!(
            told[0].message,
            "`staging` and `production` have different certificates for `a.org` on 127.0.0.1:443"
        );
    }
}
