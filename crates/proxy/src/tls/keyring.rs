//! All certificates of a proxy, and what came of reading them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipway_pipeline::route::{Route, Tls};

use super::certificate::{Certificate, Error, Protocol, day};
use super::files::{Files, Stamp};
use super::names::Names;
use super::site::Site;
use super::{check_acme, now};
use crate::acme::{Place, Validity};

/// Certificates by their files, and the sites that they answer at.
#[derive(Debug)]
pub(crate) struct Keyring {
    protocol: Protocol,
    /// The proxy's own, which holds the certificates that it has issued.
    directory: PathBuf,
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
    pub(crate) fn new(directory: &Path) -> Self {
        Self {
            protocol: Protocol::new(),
            directory: directory.to_owned(),
            held: BTreeMap::new(),
            sites: BTreeMap::new(),
        }
    }

    /// Takes a certificate that a route is to have, unless something is wrong with it. One that is
    /// issued need not be there.
    pub(crate) fn admit(&mut self, tls: &Tls, hosts: &[String]) -> Result<(), Error> {
        if let Some(acme) = tls.certificate.acme() {
            return check_acme(acme, hosts);
        }
        let files = Files::of(&self.directory, tls, "");
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
                let hosts = hosts_of(&self.directory, routes, files);
                held.read(files, stamps, &hosts, &self.protocol);
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
            let names = sites.entry(tls.listen).or_default();
            for host in &route.hosts {
                let files = Files::of(&self.directory, tls, host);
                let held = self.held.entry(files.clone()).or_insert_with(|| {
                    let mut held = Held::default();
                    let hosts = hosts_of(&self.directory, routes, &files);
                    held.read(&files, files.stamps(), &hosts, &self.protocol);
                    held
                });
                if let Some(certificate) = &held.certificate {
                    names.insert(host, Arc::clone(&certificate.config));
                }
                used.insert(files);
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

    /// What is known of a route's certificate, or of all those that are issued for it: the first
    /// end is theirs, and the first problem.
    pub(crate) fn kept(&self, route: &Route) -> Option<Kept> {
        let tls = route.tls.as_ref()?;
        let mut kept = Kept::default();
        let files: BTreeSet<Files> = route
            .hosts
            .iter()
            .map(|host| Files::of(&self.directory, tls, host))
            .collect();
        for held in files.iter().filter_map(|files| self.held.get(files)) {
            kept.problem = kept
                .problem
                .or_else(|| held.problem.as_ref().map(ToString::to_string));
            let Some(certificate) = &held.certificate else {
                continue;
            };
            kept.names.extend_from_slice(&certificate.names);
            let ends = certificate.ends;
            if kept.ends.as_ref().is_none_or(|(first, _)| ends < *first) {
                kept.ends = Some((ends, day(ends)));
            }
            kept.ends_soon |= certificate.ends_soon(now());
        }
        Some(kept)
    }

    /// The time that a certificate holds for which was issued, and by whom it was; `None` where
    /// there is none that can be used.
    pub(crate) fn issued(&self, place: &Place) -> Option<(Validity, &str)> {
        let held = self.held.get(&Files::issued(place))?;
        let certificate = held.certificate.as_ref()?;
        let validity = Validity {
            begins: certificate.begins,
            ends: certificate.ends,
        };
        Some((validity, &certificate.issuer))
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
        if files.are_awaited(&stamps) {
            return;
        }
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

/// The hosts of all routes that have these files.
fn hosts_of(directory: &Path, routes: &[Route], files: &Files) -> Vec<String> {
    let all = routes.iter().flat_map(|route| {
        let tls = route.tls.iter();
        tls.flat_map(|tls| route.hosts.iter().map(move |host| (tls, host)))
    });
    let theirs = all.filter(|(tls, host)| Files::of(directory, tls, host) == *files);
    theirs.map(|(_, host)| host.clone()).collect()
}
