//! The accounts at authorities: one for each address of mail.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use instant_acme::{Account, Error};
use rcgen::KeyPair;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};
use shipway_durable::crash_point;
use shipway_pipeline::route::Acme;
use tokio::sync::Mutex;

use super::http::{Asked, Http};
use super::place::Place;
use super::problem::{failure, is_of_no_account, unreached, with_causes};
use super::record::Key;
use super::register::register;
use super::schedule::Failure;

/// Raised when a field is added.
const VERSION: u32 = 1;

/// The accounts that have been used since the proxy started.
#[derive(Default)]
pub(super) struct Accounts(Mutex<HashMap<Name, Known>>);

/// An account by its file, and those that vouch for the authority.
type Name = (PathBuf, Option<String>);

/// An account that can be used.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) account: Account,
    pub(super) asked: Asked,
    name: Name,
}

/// The key is on the disk before the authority hears of it: to one that is asked again with the same
/// key, it is the same account (RFC 8555, 7.3.1).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    key: Key,
    /// What the authority calls it, once it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

// === impl Accounts ===

impl Accounts {
    /// The account of an address of mail, made where there is none.
    pub(super) async fn of(&self, place: &Place, acme: &Acme) -> Result<Known, Failure> {
        // Held meanwhile, so that two hosts do not make two of them.
        let mut known = self.0.lock().await;
        let name = (place.account(&acme.email), acme.ca.clone());
        if let Some(known) = known.get(&name) {
            return Ok(known.clone());
        }
        let http = Http::new(acme.ca.as_deref()).map_err(|reason| unreached(&reason))?;
        let asked = http.asked();
        let opened = open(&name.0, acme, http).await;
        let account = opened.map_err(|error| match error {
            Unopened::Acme(error) => {
                let failed = failure(&error, asked.take());
                if is_of_no_account(&error) {
                    forget(&name.0);
                }
                failed
            }
            Unopened::Disk(reason) => unreached(&reason),
        })?;
        let opened = Known {
            account,
            asked,
            name: name.clone(),
        };
        known.insert(name, opened.clone());
        Ok(opened)
    }

    /// Begins with the next attempt anew: whatever was wrong, the connection may be what it was.
    pub(super) async fn renew(&self, known: &Known, error: &Error) {
        self.0.lock().await.remove(&known.name);
        if is_of_no_account(error) {
            forget(&known.name.0);
        }
    }
}

/// Why an account cannot be used.
enum Unopened {
    Acme(Error),
    Disk(String),
}

async fn open(path: &Path, acme: &Acme, http: Http) -> Result<Account, Unopened> {
    let stored = match load(path).map_err(|error| unreadable(path, &error))? {
        Some(stored) => stored,
        None => {
            let made = KeyPair::generate().map_err(|error| Unopened::Disk(error.to_string()))?;
            let stored = Stored {
                version: VERSION,
                key: Key::new(made.serialize_pem()),
                url: None,
            };
            save(path, &stored).map_err(|error| unreadable(path, &error))?;
            stored
        }
    };
    let pair = KeyPair::from_pem(stored.key.reveal());
    let pair = pair.map_err(|error| unreadable(path, &error))?;
    let der = PrivatePkcs8KeyDer::from(pair.serialize_der());
    let url = match &stored.url {
        Some(url) => url.clone(),
        None => {
            let made = register(&http, &acme.directory, der.secret_pkcs8_der(), &acme.email);
            let url = made.await.map_err(Unopened::Acme)?;
            crash_point::pass("there is an account, and its name is not kept");
            let stored = Stored {
                url: Some(url.clone()),
                ..stored
            };
            save(path, &stored).map_err(|error| unreadable(path, &error))?;
            tracing::info!(
                directory = acme.directory,
                "there is an account at the authority"
            );
            url
        }
    };
    let builder = Account::builder_with_http(Box::new(http));
    let known = builder.from_parts(url, der, acme.directory.clone()).await;
    known.map_err(Unopened::Acme)
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> Unopened {
    Unopened::Disk(format!(
        "the account `{}` cannot be used: {}",
        path.display(),
        with_causes(error)
    ))
}

fn load(path: &Path) -> io::Result<Option<Stored>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let stored: Stored = serde_json::from_slice(&text)?;
    if stored.version > VERSION {
        return Err(io::Error::other("it is of a newer version"));
    }
    Ok(Some(stored))
}

fn save(path: &Path, stored: &Stored) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        shipway_durable::make_directory(directory)?;
    }
    shipway_durable::replace(path, &serde_json::to_vec_pretty(stored)?)
}

/// The authority has lost the account: its key is put aside, and the next attempt makes another.
fn forget(path: &Path) {
    if let Err(error) = shipway_durable::rename(path, &path.with_extension("gone")) {
        tracing::error!(path = %path.display(), %error, "an account that is gone cannot be put aside");
    }
}
