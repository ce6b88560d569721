//! HTTPS.

use std::net::SocketAddr;
use std::time::Duration;

use shipway_compose::yaml::Span;

use super::Checker;
use crate::config::error::problem;
use crate::config::tree::Placed;
use crate::config::{Environment, RouteConfig, Tls, default, raw};
use crate::route::{Certificate, Place, shared_place};

/// Longer would be meant for ever: what browsers' lists ask for is a year.
const LONGEST_HSTS: u64 = 2 * 366 * 24 * 60 * 60;

impl Checker {
    /// How a route that listens at `plain` is reached by HTTPS.
    pub(super) fn tls(
        &mut self,
        raw: Placed<raw::Tls>,
        plain: SocketAddr,
        hosts: &[String],
    ) -> Tls {
        let span = raw.span;
        let raw = raw.value;
        if hosts.is_empty() {
            let told = problem(span, "`tls` needs `host`");
            let help = "name the hosts that the certificate is for: `host: shop.example.org`";
            self.report(told.with_help(help));
        }
        let listen = match &raw.listen {
            Some(listen) => self.listen(listen, plain.ip()),
            None => SocketAddr::new(plain.ip(), default::TLS_PORT),
        };
        if listen == plain {
            let told = format!("`{listen}` cannot be for HTTP and for HTTPS");
            let help = "give `tls` a `listen` of its own, such as 443";
            self.report(problem(span, told).with_help(help));
        }
        let hsts = raw.hsts.map(|text| {
            let place = text.span;
            let time = self.duration(Some(text), Duration::ZERO);
            if time.as_secs() > LONGEST_HSTS {
                let told = problem(place, "`hsts` is longer than two years");
                self.report(told.with_help("browsers would not come by HTTP again for as long"));
            }
            time
        });
        let certificate = match (raw.certificate, raw.key, raw.acme) {
            (None, None, Some(acme)) => Certificate::Acme {
                acme: self.acme(acme, (plain, listen), hosts),
            },
            (certificate, key, acme) => {
                if let Some(acme) = acme {
                    let told = "`acme` takes the place of `certificate` and `key`";
                    let help = "take it out, or the two files";
                    self.report(problem(acme.span, told).with_help(help));
                }
                self.certificate_files(span, certificate, key)
            }
        };
        Tls {
            listen,
            certificate,
            redirect: raw.redirect.unwrap_or(true),
            hsts,
        }
    }

    fn certificate_files(
        &mut self,
        span: Span,
        certificate: Option<Placed<String>>,
        key: Option<Placed<String>>,
    ) -> Certificate {
        if certificate.is_none() || key.is_none() {
            let told = match (&certificate, &key) {
                (Some(_), None) => "`certificate` needs `key`",
                (None, Some(_)) => "`key` needs `certificate`",
                _ => "`tls` needs `certificate` and `key`, or `acme`",
            };
            let help = "name the two files of a certificate, or have one issued: \
                        `acme: { email: ops@example.org }`";
            self.report_lack(span, problem(span, told).with_help(help));
        }
        let mut file = |raw: Option<_>| raw.map_or_else(String::new, |raw| self.file(raw));
        Certificate::Files {
            certificate: file(certificate),
            key: file(key),
        }
    }

    pub(super) fn file(&mut self, raw: Placed<String>) -> String {
        if raw.value.trim().is_empty() {
            let told = problem(raw.span, "the path is empty");
            self.report(told.with_help("write the path of a file in PEM"));
        }
        raw.value
    }

    /// The proxy of another engine's host is a container there, which sees none of its files.
    pub(super) fn check_tls(&mut self, environment: &Environment, place: Span) {
        if environment.host.is_some() && environment.route.tls.is_some() {
            let told = format!(
                "`{}` has `host` and `tls`, and the proxy of another host reads no certificates yet",
                environment.name
            );
            let help = "take `tls` out, and end TLS in front of the proxy there";
            self.report(problem(place, told).with_help(help));
        }
    }
}

/// What two routes of one proxy cannot both have.
pub(super) enum Clash<'a> {
    /// One has the address for HTTP, the other for HTTPS.
    Kind(SocketAddr),
    /// Both answer for a place there.
    Place(SocketAddr, Place<'a>),
    /// Each has a certificate of its own for a host there.
    Certificate(SocketAddr, &'a str),
}

/// Looks for what two routes cannot both have.
pub(super) fn find_clash<'a>(one: &'a RouteConfig, other: &RouteConfig) -> Option<Clash<'a>> {
    for (address, is_secure) in addresses(one) {
        for (taken, is_taken_secure) in addresses(other) {
            if address != taken {
                continue;
            }
            if is_secure != is_taken_secure {
                return Some(Clash::Kind(address));
            }
            if let Some(place) = shared_place(one.place(), other.place()) {
                return Some(Clash::Place(address, place));
            }
            if is_secure && let Some(host) = differently_certified(one, other) {
                return Some(Clash::Certificate(address, host));
            }
        }
    }
    None
}

/// A host that both have, and that each has another certificate for.
fn differently_certified<'a>(one: &'a RouteConfig, other: &RouteConfig) -> Option<&'a str> {
    let mut hosts = one.hosts.iter();
    let host = hosts.find(|host| other.hosts.contains(host))?;
    let is_shared = match (&one.tls, &other.tls) {
        (Some(one), Some(other)) => one.certificate.is_shared_with(&other.certificate),
        (one, other) => one.is_none() && other.is_none(),
    };
    (!is_shared).then_some(host)
}

fn addresses(route: &RouteConfig) -> impl Iterator<Item = (SocketAddr, bool)> {
    let secure = route.tls.as_ref().map(|tls| (tls.listen, true));
    std::iter::once((route.listen, false)).chain(secure)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use crate::config::{Config, parse};
    use crate::route::Certificate;

    fn file(route: &str) -> String {
        format!("project: shop\nenvironments:\n  production:\n    route: {{ {route} }}\n")
    }

    fn read(route: &str) -> Config {
        parse(&file(route)).unwrap()
    }

    fn problems(route: &str) -> Vec<String> {
        let problems = parse(&file(route)).unwrap_err();
        problems.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn https_is_at_443_of_the_same_address_and_redirected_to() {
        let config =
            read("listen: '0.0.0.0:80', host: a.org, tls: { certificate: a.pem, key: a.key }");
        let tls = config.environments[0].route.tls.as_ref().unwrap();
        assert_eq!(tls.listen.to_string(), "0.0.0.0:443");
        assert!(tls.redirect);
        assert_eq!(tls.hsts, None);
    }

    #[test]
    fn all_of_it_can_be_said() {
        let config = read(
            "listen: 8000, host: a.org, tls: { listen: 8443, certificate: a.pem, key: /k, \
             redirect: false, hsts: 180d }",
        );
        let tls = config.environments[0].route.tls.as_ref().unwrap();
        assert_eq!(tls.listen.to_string(), "127.0.0.1:8443");
        assert!(!tls.redirect);
        assert_eq!(tls.hsts, Some(Duration::from_secs(180 * 86_400)));
    }

    #[test]
    fn paths_are_those_of_the_files_folder() {
        let mut config = read("listen: 80, host: a.org, tls: { certificate: c/a.pem, key: /k }");
        config.locate(Path::new("/srv/shop"));
        let tls = config.environments[0].route.tls.as_ref().unwrap();
        let files = Certificate::Files {
            certificate: "/srv/shop/c/a.pem".to_owned(),
            key: "/k".to_owned(),
        };
        assert_eq!(tls.certificate, files);
    }

    #[test]
    fn what_cannot_be_is_told() {
        let files = "certificate: a.pem, key: a.key";
        assert_eq!(
            problems(&format!("listen: 80, tls: {{ {files} }}")),
            ["`tls` needs `host`"]
        );
        assert_eq!(
            problems(&format!(
                "listen: 80, host: a, tls: {{ listen: 80, {files} }}"
            )),
            ["`127.0.0.1:80` cannot be for HTTP and for HTTPS"]
        );
        assert_eq!(
            problems(&format!(
                "listen: 80, host: a, tls: {{ hsts: 9000d, {files} }}"
            )),
            ["`hsts` is longer than two years"]
        );
        assert_eq!(
            problems("listen: 80, host: a, tls: { certificate: '', key: k }"),
            ["the path is empty"]
        );
        for (written, told) in [
            ("", "`tls` needs `certificate` and `key`, or `acme`"),
            ("key: k", "`key` needs `certificate`"),
            ("certificate: k", "`certificate` needs `key`"),
        ] {
            assert_eq!(
                problems(&format!("listen: 80, host: a, tls: {{ {written} }}")),
                [told]
            );
        }
        let told = problems(&format!(
            "listen: 80, host: a, tls: {{ {files} }} }}\n    host: ssh://shop.example.org\n    \
             health: {{ path: /"
        ));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("reads no certificates yet"), "{told:?}");
    }

    #[test]
    fn an_address_is_for_http_or_for_https() {
        let text = format!(
            "{}  staging: {{ route: {{ listen: 443, host: b }} }}\n",
            file("listen: 80, host: a, tls: { certificate: a.pem, key: a.key }")
        );
        let told = parse(&text).unwrap_err();
        assert_eq!(
            told[0].message,
            "`staging` and `production` have 127.0.0.1:443 for HTTP and for HTTPS"
        );
    }
}
