//! Which hosts are to have a certificate, by all routes.
//!
//! Routes that share a host share its certificate, and configuration has seen to it that one
//! authority issues it. Who is written to may differ: what was chosen stays for as long as one of
//! the routes wants it, so that a switch of another changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use shipway_pipeline::route::{Acme, Route};

use super::place::Place;

/// The hosts whose certificates are to be issued, and how their routes want that: at least one each.
pub(super) fn wanted<'r>(proxy: &Path, routes: &'r [Route]) -> BTreeMap<Place, Vec<&'r Acme>> {
    let mut wanted: BTreeMap<Place, Vec<&Acme>> = BTreeMap::new();
    for route in routes {
        let Some(acme) = route.tls.as_ref().and_then(|tls| tls.certificate.acme()) else {
            continue;
        };
        for host in &route.hosts {
            let of_host = wanted.entry(Place::of(proxy, acme, host)).or_default();
            of_host.push(acme);
        }
    }
    wanted
}

/// How a host's certificate is issued from now on, if that is not as before.
pub(super) fn changed<'r>(before: &Acme, wanted: &[&'r Acme]) -> Option<&'r Acme> {
    let first = wanted.first().copied();
    first.filter(|_| !wanted.contains(&before))
}

#[cfg(test)]
mod tests {
    use shipway_pipeline::id::{Epoch, Generation};
    use shipway_pipeline::route::{Certificate, Challenge, RouteKey, Rules, Tls};

    use super::*;

    fn acme(email: &str) -> Acme {
        Acme {
            directory: "https://ca.org/".to_owned(),
            email: email.to_owned(),
            ca: None,
            challenges: vec![Challenge::Http],
        }
    }

    fn route(environment: &str, email: &str, hosts: &[&str]) -> Route {
        Route {
            key: RouteKey {
                project: "shop".parse().unwrap(),
                environment: environment.parse().unwrap(),
            },
            epoch: Epoch(1),
            generation: Generation(1),
            listen: "127.0.0.1:80".parse().unwrap(),
            hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
            backends: Vec::new(),
            tls: Some(Tls {
                listen: "127.0.0.1:443".parse().unwrap(),
                certificate: Certificate::Acme { acme: acme(email) },
                redirect: true,
                hsts: None,
            }),
            rules: Rules::default(),
        }
    }

    fn hosts(routes: &[Route]) -> Vec<String> {
        let wanted = wanted(Path::new("/p"), routes);
        wanted.keys().map(|it| it.host().to_owned()).collect()
    }

    #[test]
    fn a_host_is_wanted_once_for_as_long_as_a_route_has_it() {
        let shop = route("production", "a@a.org", &["shop.org"]);
        let api = route("api", "a@a.org", &["shop.org", "api.org"]);
        assert_eq!(hosts(&[shop.clone(), api.clone()]), ["api.org", "shop.org"]);
        assert_eq!(hosts(std::slice::from_ref(&shop)), ["shop.org"]);
        assert_eq!(hosts(&[api]), ["api.org", "shop.org"]);
        let plain = Route {
            tls: None,
            ..shop.clone()
        };
        assert_eq!(hosts(&[plain]), [""; 0]);
        let files = Certificate::Files {
            certificate: "/c".to_owned(),
            key: "/k".to_owned(),
        };
        let mut of_files = shop;
        of_files.tls.as_mut().unwrap().certificate = files;
        assert_eq!(hosts(&[of_files]), [""; 0]);
    }

    #[test]
    fn who_is_written_to_changes_with_the_last_route_that_wants_it() {
        let (one, other) = (acme("a@a.org"), acme("b@b.org"));
        assert_eq!(changed(&one, &[&other, &one]), None);
        assert_eq!(changed(&one, &[&one]), None);
        assert_eq!(changed(&one, &[&other]), Some(&other));
    }
}
