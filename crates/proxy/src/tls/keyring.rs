//! All certificates of a proxy, and what came of reading them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use shipway_pipeline::route::{Route, Tls};

use super::certificate::{Certificate, Error, Protocol, day};
use super::files::{Files, Stamp};
use super::names::Names;
use super::now;
use super::site::Site;

/// Certificates by their files, and the sites that they answer at.
#[derive(Debug)]
pub(crate) struct Keyring {
    protocol: Protocol,
    held: BTreeMap<Files, Held>,
    sites: BTreeMap<SocketAddr, Arc<Site>>,
}

/// A certificate that routes name.
#[derive(Debug, Default)]
struct Held {
    /// The last good one.
    certificate: Option<Arc<Certificate>>,
    /// What the files were like when they were last read.
    stamps: [Option<Stamp>; 2],
    /// What was wrong with them.
    problem: Option<Error>,
}

/// What is known of a route's certificate.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The names that it is for.
    pub(crate) names: Vec<String>,
    /// The second at which it ends, and the day.
    pub(crate) ends: Option<(i64, String)>,
    /// Whether that is soon.
    pub(crate) ends_soon: bool,
    /// Why the files as they are now are not used.
    pub(crate) problem: Option<String>,
}

// === impl Keyring ===

impl Keyring {
    pub(crate) fn new() -> Self {
        Self {
            protocol: Protocol::new(),
            held: BTreeMap::new(),
            sites: BTreeMap::new(),
        }
    }

    /// Takes a certificate that a route is to have, unless something is wrong with it.
    pub(crate) fn admit(&mut self, tls: &Tls, hosts: &[String]) -> Result<(), Error> {
        let files = Files::of(tls);
        let held = self.held.get(&files);
        let known = held.and_then(|held| held.certificate.clone());
        let is_known = known.is_some();
        let stamps = files.stamps();
        let certificate = match known {
            Some(certificate) => certificate,
            None => Arc::new(self.protocol.load(&files)?),
        };
        certificate.check_time(&files, now())?;
        certificate.check_hosts(&files, hosts)?;
        if !is_known {
            let held = Held {
                certificate: Some(certificate),
                stamps,
                problem: None,
            };
            self.held.insert(files, held);
        }
        Ok(())
    }

    /// Reads the files of these routes that have changed since they were read; whether any did.
    pub(crate) fn read_changed(&mut self, routes: &[Route]) -> bool {
        let mut has_changed = false;
        for (files, held) in &mut self.held {
            let stamps = files.stamps();
            if stamps != held.stamps {
                held.read(files, stamps, &hosts_of(routes, files), &self.protocol);
                has_changed = true;
            }
        }
        has_changed
    }

    /// Makes the certificates of these routes the ones that answer; those that are not there yet
    /// are read, and forgotten are those that no route names any more.
    pub(crate) fn publish(&mut self, routes: &[Route]) {
        let mut used = BTreeSet::new();
        let mut sites: BTreeMap<SocketAddr, Names<_>> = BTreeMap::new();
        for route in routes {
            let Some(tls) = &route.tls else { continue };
            let files = Files::of(tls);
            let held = self.held.entry(files.clone()).or_insert_with(|| {
                let mut held = Held::default();
                let hosts = hosts_of(routes, &files);
                held.read(&files, files.stamps(), &hosts, &self.protocol);
                held
            });
            used.insert(files);
            let names = sites.entry(tls.listen).or_default();
            if let Some(certificate) = &held.certificate {
                for host in &route.hosts {
                    names.insert(host, Arc::clone(&certificate.config));
                }
            }
        }
        self.held.retain(|files, _| used.contains(files));
        self.sites.retain(|address, _| sites.contains_key(address));
        for (address, names) in sites {
            self.sites.entry(address).or_default().swap(names);
        }
    }

    /// What answers at an address; `None` where it is not for HTTPS.
    pub(crate) fn site(&self, address: SocketAddr) -> Option<Arc<Site>> {
        self.sites.get(&address).map(Arc::clone)
    }

    /// What is known of a route's certificate.
    pub(crate) fn kept(&self, tls: &Tls) -> Kept {
        let Some(held) = self.held.get(&Files::of(tls)) else {
            return Kept::default();
        };
        let problem = held.problem.as_ref().map(ToString::to_string);
        match &held.certificate {
            None => Kept {
                problem,
                ..Kept::default()
            },
            Some(certificate) => Kept {
                names: certificate.names.clone(),
                ends: Some((certificate.ends, day(certificate.ends))),
                ends_soon: certificate.ends_soon(now()),
                problem,
            },
        }
    }
}

// === impl Held ===

impl Held {
    /// Reads the files; what is wrong with them leaves the certificate that there is.
    fn read(
        &mut self,
        files: &Files,
        stamps: [Option<Stamp>; 2],
        hosts: &[String],
        protocol: &Protocol,
    ) {
        self.stamps = stamps;
        let path = &files.certificate;
        let read = protocol.load(files).and_then(|read| {
            let checked = read.check_time(files, now());
            let checked = checked.and_then(|()| read.check_hosts(files, hosts));
            // One that has ended is better than none, but not better than another.
            match (checked, &self.certificate) {
                (Err(error), Some(_)) => Err(error),
                (checked, _) => Ok((read, checked.err())),
            }
        });
        match read {
            Ok((read, problem)) => {
                tracing::info!(path, ends = day(read.ends), "a certificate was read");
                self.certificate = Some(Arc::new(read));
                self.problem = problem;
            }
            Err(error) => {
                tracing::warn!(path, %error, "a certificate cannot be used");
                self.problem = Some(error);
            }
        }
    }
}

/// The hosts of all routes with these files.
fn hosts_of(routes: &[Route], files: &Files) -> Vec<String> {
    let is_theirs = |route: &&Route| {
        route
            .tls
            .as_ref()
            .is_some_and(|tls| Files::of(tls) == *files)
    };
    let theirs = routes.iter().filter(is_theirs);
    theirs
        .flat_map(|route| route.hosts.iter().cloned())
        .collect()
}
