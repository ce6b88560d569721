//! Which instance a client has been with, by a cookie.
//!
//! The cookie holds two words: one for the deployment, one for the instance.
//! They are digests under a key that never leaves this machine, so a client
//! can neither read out of them what runs here nor choose for itself. A client
//! whose instance is gone stays with the deployment; one whose deployment is
//! gone is nobody's.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use shipway_pipeline::digest::Digest;
use shipway_pipeline::route::{Backend, Route};

/// What the words are made with.
pub(crate) type Key = [u8; 32];

/// Letters of a word: 64 bits, which nobody guesses.
const WORD: usize = 16;

/// The words of a route's instances.
#[derive(Debug)]
pub(crate) struct Sticky {
    cookie: String,
    /// What follows the words.
    attributes: String,
    /// In the order of the route's backends.
    words: Vec<Words>,
}

#[derive(Debug)]
struct Words {
    deployment: String,
    instance: String,
}

/// Where a client wants to go, by the place of a backend in its route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To this one.
    Instance(usize),
    /// To one of the same deployment.
    Beside(usize),
}

// === impl Sticky ===

impl Sticky {
    /// The words of a route, if it asks for some.
    pub(crate) fn of(route: &Route, key: impl FnOnce() -> Key) -> Option<Self> {
        let sticky = route.rules.sticky.as_ref()?;
        let key = key();
        // Below one path, no other part of the host needs to see it.
        let path = match route.rules.paths.as_slice() {
            [only] => only.as_str(),
            _ => "/",
        };
        let age = sticky.max_age;
        let age = age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        let attributes = format!("; Path={path}; HttpOnly; SameSite=Lax{age}");
        let backends = route.backends.iter();
        Some(Self {
            cookie: sticky.cookie.clone(),
            attributes,
            words: backends.map(|it| Words::of(&key, route, it)).collect(),
        })
    }

    /// Where a client wants to go.
    pub(crate) fn wish(&self, headers: &HeaderMap) -> Option<Wish> {
        let cookies = headers.get_all(COOKIE).iter();
        let parts = cookies.flat_map(|value| value.as_bytes().split(|&byte| byte == b';'));
        let mut wish = None;
        for part in parts {
            let Some(value) = part
                .trim_ascii()
                .strip_prefix(self.cookie.as_bytes())
                .and_then(|rest| rest.strip_prefix(b"="))
            else {
                continue;
            };
            // Several of one name, as of different paths: the most exact one counts.
            match self.find(value) {
                Some(exact @ Wish::Instance(_)) => return Some(exact),
                Some(near @ Wish::Beside(_)) => wish = Some(near),
                None => {}
            }
        }
        wish
    }

    fn find(&self, value: &[u8]) -> Option<Wish> {
        let value = std::str::from_utf8(value).ok()?;
        let (deployment, instance) = value.split_once('.')?;
        let is_instance =
            |words: &Words| words.deployment == deployment && words.instance == instance;
        if let Some(index) = self.words.iter().position(is_instance) {
            return Some(Wish::Instance(index));
        }
        let mut all = self.words.iter();
        let beside = all.position(|words| words.deployment == deployment);
        beside.map(Wish::Beside)
    }

    /// What lets a client come back to a backend.
    pub(crate) fn cookie(&self, index: usize, is_secure: bool) -> Option<HeaderValue> {
        let Words {
            deployment,
            instance,
        } = self.words.get(index)?;
        let secure = if is_secure { "; Secure" } else { "" };
        let (name, attributes) = (&self.cookie, &self.attributes);
        HeaderValue::try_from(format!(
            "{name}={deployment}.{instance}{attributes}{secure}"
        ))
        .ok()
    }
}

// === impl Words ===

impl Words {
    fn of(key: &Key, route: &Route, backend: &Backend) -> Self {
        let deployment = format!("{} {} {}", route.key, backend.colour, backend.deployment);
        Self {
            instance: word(key, &format!("{deployment} {}", backend.instance)),
            deployment: word(key, &deployment),
        }
    }
}

/// The end of the digest: with the key in front and a part left out, nothing can be appended.
fn word(key: &Key, text: &str) -> String {
    let digest = Digest::of(&[&key[..], text.as_bytes()].concat()).to_string();
    digest[digest.len() - WORD..].to_owned()
}

/// The machine's key: the one that there is, or a new one, which is kept. Where it cannot be kept,
/// clients are unknown after a restart, and find another instance.
pub(crate) fn key(path: &Path) -> Key {
    if let Ok(kept) = fs::read(path)
        && let Ok(key) = Key::try_from(kept)
    {
        return key;
    }
    let made = random().and_then(|key| shipway_durable::replace(path, &key).map(|()| key));
    made.unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "the key for sticky sessions was not kept");
        random().unwrap_or_default()
    })
}

fn random() -> io::Result<Key> {
    let mut key = Key::default();
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use shipway_pipeline::colour::Colour;
    use shipway_pipeline::id::{DeploymentId, Epoch, Generation};
    use shipway_pipeline::route::{RouteKey, Rules};

    use super::*;

    fn route(backends: &[(u64, &str)]) -> Route {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let backends = backends.iter().map(|(deployment, instance)| Backend {
            colour: Colour::Blue,
            deployment: DeploymentId(*deployment),
            instance: instance.parse().unwrap(),
            address,
            weight: 1,
        });
        Route {
            key: RouteKey {
                project: "shop".parse().unwrap(),
                environment: "production".parse().unwrap(),
            },
            epoch: Epoch(1),
            generation: Generation(1),
            listen: address,
            hosts: vec![],
            tls: None,
            rules: Rules {
                sticky: Some(shipway_pipeline::route::Sticky {
                    cookie: "stay".to_owned(),
                    max_age: Some(60),
                }),
                ..Rules::default()
            },
            backends: backends.collect(),
        }
    }

    fn sticky(backends: &[(u64, &str)]) -> Sticky {
        Sticky::of(&route(backends), || [7; 32]).unwrap()
    }

    /// What a client sends back of what it was given.
    fn sent(sticky: &Sticky, index: usize) -> HeaderMap {
        let given = sticky.cookie(index, false).unwrap();
        let (cookie, _) = given.to_str().unwrap().split_once(';').unwrap();
        let mut headers = HeaderMap::new();
        let sent = format!("a=b; stay=x.y;{cookie} ; stayed=1");
        headers.insert(COOKIE, sent.parse().unwrap());
        headers
    }

    #[test]
    fn a_client_is_known_by_its_cookie() {
        let first = sticky(&[(1, "web-1"), (1, "web-2"), (2, "web-1")]);
        for index in 0..3 {
            let headers = sent(&first, index);
            assert_eq!(first.wish(&headers), Some(Wish::Instance(index)));
        }
        // Their places may change.
        let later = sticky(&[(2, "web-1"), (1, "web-1")]);
        assert_eq!(later.wish(&sent(&first, 0)), Some(Wish::Instance(1)));
        assert_eq!(later.wish(&sent(&first, 1)), Some(Wish::Beside(1)));
        let gone = sticky(&[(3, "web-1")]);
        assert_eq!(gone.wish(&sent(&first, 0)), None);
        assert_eq!(first.wish(&HeaderMap::new()), None);
    }

    #[test]
    fn nothing_can_be_read_from_it_or_made_without_the_key() {
        let ours = sticky(&[(1, "web-1")]);
        let theirs = Sticky::of(&route(&[(1, "web-1")]), || [8; 32]).unwrap();
        assert_eq!(ours.wish(&sent(&theirs, 0)), None);
        let cookie = ours.cookie(0, false).unwrap();
        assert!(!cookie.to_str().unwrap().contains("web"));
    }

    #[test]
    fn its_attributes_fit_the_way_it_came() {
        let mut route = route(&[(1, "web-1")]);
        route.rules.paths = vec!["/api".parse().unwrap()];
        let sticky = Sticky::of(&route, || [7; 32]).unwrap();
        let cookie = |is_secure| {
            let cookie = sticky.cookie(0, is_secure).unwrap();
            cookie.to_str().unwrap().to_owned()
        };
        let attributes = "; Path=/api; HttpOnly; SameSite=Lax; Max-Age=60";
        assert!(cookie(false).ends_with(attributes), "{}", cookie(false));
        assert!(cookie(true).ends_with(&format!("{attributes}; Secure")));
    }

    #[test]
    fn the_key_is_made_once_and_nobody_elses_to_read() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sticky.key");
        let made = key(&path);
        assert_ne!(made, Key::default());
        assert_eq!(key(&path), made);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&path, "torn").unwrap();
        assert_ne!(key(&path), made);
    }
}
