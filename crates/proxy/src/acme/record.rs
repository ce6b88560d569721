//! How far the attempts for a host have come, on the disk.

use std::fmt;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};
use shipway_pipeline::route::Challenge;

use super::place::Place;

/// Raised when a field is added.
const VERSION: u32 = 2;

/// How far the attempts for a host have come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// The order that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<Pending>,
    /// How many attempts came to nothing since the last that did not.
    pub(super) failures: u32,
    /// How many of them the authority refused.
    pub(super) refused: u32,
    /// Why the last one came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
    /// The second before which it is not tried again.
    pub(super) not_before: i64,
    /// The same, as the authority wants it.
    pub(super) asked_until: i64,
    /// Any number: what is up to chance is up to this.
    pub(super) chance: u64,
}

/// An order that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pending {
    /// Where the authority has it.
    pub(super) url: String,
    /// How the host is shown to be ours.
    pub(super) challenge: Challenge,
    /// The key of the certificate that was or will be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<Key>,
    /// What the authority is to find. It looks when it likes, whoever is the proxy by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) proof: Option<Proof>,
}

/// What an authority finds that looks whose a host is; everybody may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    /// The name of the file.
    pub(super) token: String,
    /// What is in it, or what a handshake shows the digest of.
    pub(super) print: String,
}

/// A private key in PEM, which no log has.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Key(String);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    record: Record,
}

// === impl Record ===

impl Record {
    /// Reads what is known of a host; one that cannot be read is none.
    pub(super) fn load(place: &Place) -> Self {
        match read(place) {
            Ok(record) => record,
            Err(error) => {
                // What is lost is an order, which the authority forgets by itself.
                tracing::warn!(host = place.host(), %error, "what is known of a certificate's order cannot be read");
                Self::default()
            }
        }
    }

    /// Writes it; when this returns, it outlasts a loss of power.
    pub(super) fn save(&self, place: &Place) -> io::Result<()> {
        shipway_durable::make_directory(&place.hosts())?;
        let stored = Stored {
            version: VERSION,
            record: self.clone(),
        };
        shipway_durable::replace(&place.record(), &serde_json::to_vec_pretty(&stored)?)
    }
}

fn read(place: &Place) -> io::Result<Record> {
    let text = match fs::read(place.record()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
        text => text?,
    };
    let stored: Stored = serde_json::from_slice(&text)?;
    if stored.version > VERSION {
        return Err(io::Error::other("it is of a newer version"));
    }
    Ok(stored.record)
}

// === impl Key ===

impl Key {
    pub(super) fn new(pem: String) -> Self {
        Self(pem)
    }

    /// The key itself.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

#[cfg(test)]
mod tests {
    use shipway_pipeline::route::Acme;

    use super::*;

    fn record() -> Record {
        Record {
            order: Some(Pending {
                url: "https://ca/order/1".to_owned(),
                challenge: Challenge::Http,
                key: Some(Key::new("hunter2".to_owned())),
                proof: Some(Proof {
                    token: "t0ken".to_owned(),
                    print: "t0ken.print".to_owned(),
                }),
            }),
            failures: 2,
            problem: Some("no".to_owned()),
            not_before: 7,
            ..Record::default()
        }
    }

    #[test]
    fn what_was_saved_is_loaded_and_no_log_has_the_key() {
        let proxy = tempfile::tempdir().unwrap();
        let acme = Acme {
            directory: "https://ca/".to_owned(),
            email: String::new(),
            ca: None,
            challenges: Vec::new(),
        };
        let place = Place::of(proxy.path(), &acme, "shop.org");
        assert_eq!(Record::load(&place), Record::default());
        record().save(&place).unwrap();
        assert_eq!(Record::load(&place), record());
        assert!(!format!("{:?}", record()).contains("hunter2"));
        // As it was written before there were proofs.
        let before = r#"{"version":1,"record":{"order":{"url":"https://ca/order/1","challenge":
            "http-01"},"failures":0,"refused":0,"not_before":0,"asked_until":0,"chance":0}}"#;
        fs::write(place.record(), before).unwrap();
        let order = Record::load(&place).order.unwrap();
        assert_eq!(
            (order.url.as_str(), order.proof),
            ("https://ca/order/1", None)
        );
        fs::write(place.record(), "{\"version\": 9}").unwrap();
        assert_eq!(Record::load(&place), Record::default());
    }
}
