//! Where requests come in, and what is done with them there.

use std::num::NonZeroU32;

use super::Checker;
use crate::cidr::Cidr;
use crate::config::error::problem;
use crate::config::quantity::parse_size;
use crate::config::raw::{self, OneOrMany, PrefixText, RangeText};
use crate::config::tree::Placed;
use crate::config::{RouteConfig, default};
use crate::route::{Limits, PathPrefix, Rate, Rules, Sticky};

impl Checker {
    pub(super) fn route(&mut self, raw: raw::Route) -> RouteConfig {
        let hosts = raw.host.map_or_else(Vec::new, raw::OneOrMany::into_vec);
        let hosts: Vec<String> = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        let listen = self.listen(&raw.listen, default::ADDRESS);
        let tls = raw.tls.map(|tls| self.tls(tls, listen, &hosts));
        let rules = Rules {
            paths: raw.paths.map_or_else(Vec::new, |paths| self.paths(paths)),
            strip_prefix: raw.strip_prefix.as_ref().is_some_and(|strip| strip.value),
            compress: raw.compress.unwrap_or(false),
            limits: raw
                .limits
                .map_or_else(Limits::default, |limits| self.limits(limits)),
            sticky: raw.sticky.map(|sticky| self.sticky(sticky)),
        };
        if let Some(strip) = raw.strip_prefix.filter(|strip| strip.value)
            && rules.paths.iter().all(PathPrefix::is_root)
        {
            let told = problem(strip.span, "`strip_prefix` needs `paths`");
            self.report(told.with_help("name what is to be taken off: `paths: /api`"));
        }
        RouteConfig {
            listen,
            hosts,
            tls,
            rules,
        }
    }

    fn paths(&mut self, raw: Placed<OneOrMany<PrefixText>>) -> Vec<PathPrefix> {
        let mut paths: Vec<PathPrefix> = Vec::new();
        for text in raw.value.into_vec() {
            match text.0.parse::<PathPrefix>() {
                Ok(path) if paths.contains(&path) => {
                    let told = format!("`{path}` is named twice");
                    self.report(problem(raw.span, told).with_help("take one of them out"));
                }
                Ok(path) => paths.push(path),
                Err(error) => {
                    let help = "a path such as `/api` has no empty or dotted parts, and no `%`";
                    self.report(problem(raw.span, error.to_string()).with_help(help));
                }
            }
        }
        paths
    }
}

impl Checker {
    fn limits(&mut self, raw: raw::Limits) -> Limits {
        let rate: Option<Rate> = raw.rate.as_ref().and_then(|text| {
            let parsed = text.value.0.parse::<Rate>();
            parsed
                .map_err(|error| self.report(problem(text.span, error.to_string())))
                .ok()
        });
        let body = raw.body.and_then(|text| {
            let parsed = parse_size(&text.value.0);
            parsed
                .map_err(|told| self.report(problem(text.span, told)))
                .ok()
        });
        if let (Some(burst), None) = (&raw.burst, &raw.rate) {
            let told = problem(burst.span, "`burst` needs `rate`");
            self.report(told.with_help("say how often a client may come: `rate: 20/s`"));
        }
        let is_for_clients =
            raw.rate.is_some() || raw.requests.is_some() || raw.connections.is_some();
        let place = raw.allow.as_ref().map(|ranges| ranges.span);
        let allow = raw
            .allow
            .map_or_else(Vec::new, |ranges| self.ranges(ranges));
        if let Some(place) = place.filter(|_| !allow.is_empty() && !is_for_clients) {
            let told = problem(place, "`allow` needs `rate`, `requests` or `connections`");
            self.report(told.with_help("there is nothing that these clients are let past"));
        }
        Limits {
            requests: raw.requests.and_then(NonZeroU32::new),
            body,
            rate,
            burst: raw.burst.and_then(|burst| NonZeroU32::new(burst.value)),
            connections: raw.connections.and_then(NonZeroU32::new),
            allow,
        }
    }

    fn sticky(&mut self, raw: raw::Sticky) -> Sticky {
        let name = &raw.cookie.value;
        if !Sticky::is_name(name) {
            let told = problem(raw.cookie.span, format!("`{name}` is no name of a cookie"));
            self.report(told.with_help("write a letter, then letters, digits, `_` and `-`"));
        }
        let max_age = raw.max_age.map(|text| {
            let place = text.span;
            let time = self.duration(Some(text), std::time::Duration::from_secs(1));
            if time.as_secs() == 0 {
                let told = problem(place, "`max_age` is less than a second");
                self.report(told.with_help("a cookie would be gone before it is used"));
            }
            time.as_secs()
        });
        Sticky {
            cookie: raw.cookie.value,
            max_age,
        }
    }

    fn ranges(&mut self, raw: Placed<OneOrMany<RangeText>>) -> Vec<Cidr> {
        let mut ranges = Vec::new();
        for text in raw.value.into_vec() {
            match text.0.parse::<Cidr>() {
                Ok(range) => ranges.push(range),
                Err(error) => self.report(problem(raw.span, error.to_string())),
            }
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, parse};
    use crate::route::PathPrefix;

    fn file(route: &str) -> String {
        format!("project: shop\nenvironments:\n  production:\n    route: {{ {route} }}\n")
    }

    fn read(route: &str) -> Config {
        parse(&file(route)).unwrap()
    }

    fn problems(text: &str) -> Vec<String> {
        let problems = parse(text).unwrap_err();
        problems.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn parts_of_hosts_are_read() {
        let config = read(
            "listen: 80, host: [a.org, B.org], paths: [/api/, /v2], strip_prefix: true, \
             compress: true",
        );
        let route = &config.environments[0].route;
        assert_eq!(route.hosts, ["a.org", "b.org"]);
        let paths = route.rules.paths.iter().map(PathPrefix::as_str);
        assert_eq!(paths.collect::<Vec<_>>(), ["/api", "/v2"]);
        assert!(route.rules.strip_prefix && route.rules.compress);
        assert!(read("listen: 80").environments[0].route.rules.is_empty());
    }

    #[test]
    fn limits_are_read() {
        let config = read(
            "listen: 80, limits: { requests: 500, body: 100MiB, rate: 20/s, burst: 40, \
             connections: 100, allow: [10.0.0.0/8, '::1'] }",
        );
        let limits = &config.environments[0].route.rules.limits;
        assert_eq!(limits.requests.unwrap().get(), 500);
        assert_eq!(limits.body, Some(100 << 20));
        assert_eq!(limits.rate.unwrap().to_string(), "20/s");
        assert_eq!(limits.burst.unwrap().get(), 40);
        assert_eq!(limits.connections.unwrap().get(), 100);
        assert_eq!(limits.allow.len(), 2);
    }

    #[test]
    fn what_limits_nothing_is_told() {
        assert_eq!(
            problems(&file("listen: 80, limits: { burst: 5, allow: 10.0.0.0/8 }")),
            [
                "`burst` needs `rate`",
                "`allow` needs `rate`, `requests` or `connections`"
            ]
        );
        let told = problems(&file("listen: 80, limits: { rate: 0/s, allow: x }"));
        assert_eq!(told.len(), 2, "{told:?}");
        for bad in [
            "requests: 0",
            "connections: 0",
            "body: 5",
            "rate: 5",
            "rate: 5/d",
            "requests: many",
        ] {
            let text = file(&format!("listen: 80, limits: {{ {bad} }}"));
            assert!(parse(&text).is_err(), "{bad}");
        }
    }

    #[test]
    fn clients_stay_by_a_cookie() {
        let config = read("listen: 80, sticky: { cookie: shop_route, max_age: 1h }");
        let sticky = config.environments[0].route.rules.sticky.as_ref().unwrap();
        assert_eq!(
            (sticky.cookie.as_str(), sticky.max_age),
            ("shop_route", Some(3600))
        );
        for bad in [
            "{}",
            "{ cookie: a b }",
            "{ cookie: __Host-a }",
            "{ cookie: a, max_age: 5ms }",
        ] {
            let text = file(&format!("listen: 80, sticky: {bad}"));
            assert!(parse(&text).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_part_of_a_host_is_told() {
        assert_eq!(
            problems(&file("listen: 80, paths: [/a/../b, /a/., /a, /a/]")),
            [
                "`/a/../b` is no path prefix",
                "`/a/.` is no path prefix",
                "`/a` is named twice"
            ]
        );
        assert_eq!(
            problems(&file("listen: 80, paths: /, strip_prefix: true")),
            ["`strip_prefix` needs `paths`"]
        );
        assert!(parse(&file("listen: 80, strip_prefix: false")).is_ok());
    }

    #[test]
    fn two_environments_share_a_host_by_their_paths() {
        let with = |paths: &str| {
            format!(
                "{}  staging: {{ route: {{ listen: 80, host: a.org, paths: {paths} }} }}\n",
                file("listen: 80, host: a.org, paths: [/, /static]")
            )
        };
        assert!(parse(&with("/api")).is_ok());
        assert_eq!(
            problems(&with("[/api, /static]")),
            ["`staging` and `production` both answer for `a.org/static` on 127.0.0.1:80"]
        );
        assert_eq!(
            problems(&with("/")),
            ["`staging` and `production` both answer for `a.org` on 127.0.0.1:80"]
        );
    }

    #[test]
    fn a_host_has_one_certificate() {
        let other = |files: &str| {
            format!(
                "{}  staging: {{ route: {{ listen: 80, host: [b.org, a.org], paths: /api, tls: {{ {files} }} }} }}\n",
                file("listen: 80, host: a.org, tls: { certificate: a.pem, key: a.key }")
            )
        };
        assert!(parse(&other("certificate: a.pem, key: a.key")).is_ok());
        assert_eq!(
            problems(&other("certificate: b.pem, key: b.key")),
            ["`staging` and `production` have different certificates for `a.org` on 127.0.0.1:443"]
        );
    }
}
