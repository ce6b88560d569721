//! What is wrong with the certificates that an environment's hosts are reached with.
//!
//! The proxy has certificates issued and reads those in files; a deployment neither waits for one
//! nor fails for want of one. So whoever looks is told here.

use std::fmt;

use serde::{Deserialize, Serialize};
use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::route::{Acme, Challenge, RouteKey, Tls};
use shipway_pipeline::time::Timestamp;
use shipway_proxy::control::{Issued, TlsStatus};

use crate::clock::now;
use crate::deploy::Finished;
use crate::event;
use crate::executor::Engine;

/// Something that is wrong with the certificate of a host, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Whose.
    pub host: String,
    /// What visitors have of it.
    pub state: State,
    /// Why, in one line.
    pub reason: String,
    /// When the certificate ends that there is; `None` where there is none, or only the day is
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// When another one is asked for; `None` where that is not up to the proxy, or is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// The way out.
    pub help: String,
}

/// What visitors have of a certificate that something is wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is none: HTTPS is refused.
    Missing,
    /// It has ended: browsers refuse it.
    Ended,
    /// It is good, and nobody has renewed it.
    Ending,
}

impl Engine {
    /// What is wrong with the certificates of a route. What a proxy that does not answer would say
    /// is not known, and that it does not is told of elsewhere.
    pub(crate) async fn certificates(&self, key: &RouteKey, tls: Option<&Tls>) -> Vec<Trouble> {
        let Some(tls) = tls else { return Vec::new() };
        match self.router.tls(key).await {
            Ok(Some(status)) => find(&status, tls.certificate.acme(), now()),
            Ok(None) | Err(_) => Vec::new(),
        }
    }

    /// Tells it at the end of a deployment that went through.
    pub(crate) async fn with_certificates(&self, mut finished: Finished) -> Finished {
        if finished.outcome != Outcome::Succeeded {
            return finished;
        }
        let plan = &finished.plan;
        let tls = plan.route.tls.as_ref();
        finished.certificates = self.certificates(&plan.route_key(), tls).await;
        for trouble in finished.certificates.clone() {
            self.reporter.tell(event::Kind::Certificate { trouble });
        }
        finished
    }
}

/// Looks for it in what the proxy says of a route; `acme` is how its certificates are to be issued,
/// where they are.
pub fn find(status: &TlsStatus, acme: Option<&Acme>, now: Timestamp) -> Vec<Trouble> {
    let Some(authority) = &status.authority else {
        return of_files(status).into_iter().collect();
    };
    let issued = status.issued.iter();
    let troubles = issued.filter_map(|issued| of_issued(issued, now));
    let helped = troubles.map(|trouble| Trouble {
        help: help(&trouble.host, authority, acme),
        ..trouble
    });
    helped.collect()
}

fn of_issued(issued: &Issued, now: Timestamp) -> Option<Trouble> {
    let ends = issued.ends.map(moment);
    let state = match ends {
        None => State::Missing,
        Some(ends) if ends <= now => State::Ended,
        Some(_) => State::Ending,
    };
    let reason = match (&issued.problem, state) {
        (Some(problem), _) => problem.clone(),
        // Its renewal is due when it is.
        (None, State::Ending) => return None,
        (None, State::Missing | State::Ended) => "it is being asked for".to_owned(),
    };
    Some(Trouble {
        host: issued.host.clone(),
        state,
        reason,
        ends,
        next: issued.next.map(moment).filter(|_| !issued.is_asked_for),
        help: String::new(),
    })
}

/// What it takes for a certificate to be issued.
fn help(host: &str, directory: &str, acme: Option<&Acme>) -> String {
    let usual = [Challenge::Http, Challenge::TlsAlpn];
    let challenges = acme.map_or(&usual[..], |acme| &acme.challenges);
    let ports = challenges.iter().map(|challenge| match challenge {
        Challenge::Http => "80",
        Challenge::TlsAlpn => "443",
    });
    let ports: Vec<&str> = ports.collect();
    let authority = directory.split('/').nth(2);
    format!(
        "`{host}` has to lead to this proxy at port {}, and the proxy has to get to {}; `shipway \
         proxy certificates` tries at once",
        ports.join(" or "),
        authority.unwrap_or(directory)
    )
}

fn of_files(status: &TlsStatus) -> Option<Trouble> {
    let day = status.ends.as_deref();
    let state = match day {
        None => State::Missing,
        Some(_) => State::Ending,
    };
    let reason = match (&status.problem, day) {
        (Some(problem), _) => problem.clone(),
        (None, Some(day)) if status.ends_soon => format!("it ends on {day}"),
        (None, _) => return None,
    };
    let names = status.names.join(", ");
    let file = status.certificate.as_deref().unwrap_or_default();
    Some(Trouble {
        host: if names.is_empty() {
            file.to_owned()
        } else {
            names
        },
        state,
        reason,
        ends: None,
        next: None,
        help: format!(
            "put a newer one in the place of `{file}`; the proxy reads it within ten seconds"
        ),
    })
}

fn moment(at: jiff::Timestamp) -> Timestamp {
    Timestamp(u64::try_from(at.as_millisecond()).unwrap_or_default())
}

// === impl Trouble ===

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, reason, .. } = self;
        match self.state {
            State::Missing => write!(f, "there is no certificate for `{host}`: {reason}"),
            State::Ended => write!(f, "the certificate for `{host}` has ended: {reason}"),
            State::Ending => write!(f, "the certificate for `{host}` is not renewed: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn acme() -> Acme {
        Acme {
            directory: "https://ca.org:9000/directory".to_owned(),
            email: "ops@example.org".to_owned(),
            ca: None,
            challenges: vec![Challenge::Http, Challenge::TlsAlpn],
        }
    }

    fn status() -> TlsStatus {
        TlsStatus {
            listen: "127.0.0.1:443".parse().unwrap(),
            certificate: Some("/c.pem".to_owned()),
            authority: None,
            names: vec!["shop.org".to_owned()],
            ends: Some("2026-12-01".to_owned()),
            ends_soon: false,
            problem: None,
            issued: Vec::new(),
        }
    }

    fn issued(ends: Option<i64>, problem: Option<&str>) -> Option<Trouble> {
        let second = |second| jiff::Timestamp::from_second(second).unwrap();
        let status = TlsStatus {
            issued: vec![Issued {
                host: "shop.org".to_owned(),
                issuer: None,
                ends: ends.map(second),
                is_asked_for: false,
                problem: problem.map(str::to_owned),
                next: Some(second(2_000)),
            }],
            certificate: None,
            authority: Some(acme().directory),
            ..status()
        };
        find(&status, Some(&acme()), NOW).pop()
    }

    #[test]
    fn a_good_certificate_is_nothing_to_tell_of() {
        assert_eq!(issued(Some(1_001), None), None);
        assert_eq!(find(&status(), None, NOW), []);
    }

    #[test]
    fn one_that_cannot_be_had_is_told_with_the_way_out() {
        let missing = issued(None, Some("no A record (dns)")).unwrap();
        assert_eq!(
            missing.to_string(),
            "there is no certificate for `shop.org`: no A record (dns)"
        );
        assert_eq!(missing.next, Some(Timestamp(2_000_000)));
        assert_eq!(
            missing.help,
            "`shop.org` has to lead to this proxy at port 80 or 443, and the proxy has to get to \
             ca.org:9000; `shipway proxy certificates` tries at once"
        );
        let first = issued(None, None).unwrap();
        assert_eq!(first.reason, "it is being asked for");
    }

    #[test]
    fn one_that_is_not_renewed_is_told_before_it_ends_and_after() {
        let ending = issued(Some(1_001), Some("it is down")).unwrap();
        assert_eq!(
            (ending.state, ending.ends),
            (State::Ending, Some(Timestamp(1_001_000)))
        );
        assert_eq!(
            ending.to_string(),
            "the certificate for `shop.org` is not renewed: it is down"
        );
        let ended = issued(Some(1_000), None).unwrap();
        assert_eq!(
            ended.to_string(),
            "the certificate for `shop.org` has ended: it is being asked for"
        );
    }

    #[test]
    fn files_that_end_or_cannot_be_used_are_told() {
        let soon = TlsStatus {
            ends_soon: true,
            ..status()
        };
        let told = find(&soon, None, NOW).remove(0);
        assert_eq!(
            told.to_string(),
            "the certificate for `shop.org` is not renewed: it ends on 2026-12-01"
        );
        let wrong = TlsStatus {
            problem: Some("`/c.pem` cannot be read".to_owned()),
            ends: None,
            names: Vec::new(),
            ..status()
        };
        let told = find(&wrong, None, NOW).remove(0);
        assert_eq!((told.state, told.host.as_str()), (State::Missing, "/c.pem"));
        assert!(told.help.contains("`/c.pem`"), "{}", told.help);
    }
}
