//! What an authority finds when it looks whose a host is.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::Method;
use rustls::ServerConfig;

/// Where an authority looks for a file (RFC 8555, 8.3).
const PREFIX: &str = "/.well-known/acme-challenge/";

/// What an authority speaks that looks by a handshake (RFC 8737).
pub(super) const PROTOCOL: &[u8] = b"acme-tls/1";

/// The answers to the challenges of all orders that are under way; read by all workers.
#[derive(Debug, Default)]
pub(crate) struct Answers(ArcSwap<Present>);

#[derive(Debug, Clone, Default)]
struct Present {
    /// By token, the host and what is in the file.
    files: HashMap<String, (String, String)>,
    /// By host.
    handshakes: HashMap<String, Arc<ServerConfig>>,
}

/// An answer that is given for as long as this lives.
#[derive(Debug)]
pub(super) struct Given {
    answers: Arc<Answers>,
    answer: Answer,
}

/// The answer of a host's order, which is given however many attempts are made meanwhile.
#[derive(Debug, Clone, Default)]
pub(super) struct Holder(Rc<RefCell<Option<Given>>>);

#[derive(Debug)]
enum Answer {
    File { token: String },
    Handshake { host: String },
}

// === impl Answers ===

impl Answers {
    /// What is in the file that a request asks for, if an order that is under way has it.
    pub(crate) fn file(&self, method: &Method, host: &str, path: &str) -> Option<String> {
        // Next to all requests end here.
        let token = path.strip_prefix(PREFIX)?;
        if *method != Method::GET {
            return None;
        }
        let present = self.0.load();
        let (of_host, content) = present.files.get(token)?;
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        name.eq_ignore_ascii_case(of_host).then(|| content.clone())
    }

    /// What shakes hands for a name with somebody who speaks these protocols, if that is an
    /// authority and an order that is under way has it.
    pub(crate) fn handshake<'a>(
        &self,
        name: &str,
        protocols: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Arc<ServerConfig>> {
        if !protocols.eq([PROTOCOL]) {
            return None;
        }
        self.0.load().handshakes.get(name).map(Arc::clone)
    }

    /// Lets a file be found.
    pub(super) fn give_file(self: &Arc<Self>, host: &str, token: &str, content: &str) -> Given {
        self.0.rcu(|present| {
            let mut next = Present::clone(present);
            let file = (host.to_owned(), content.to_owned());
            next.files.insert(token.to_owned(), file);
            next
        });
        Given {
            answers: Arc::clone(self),
            answer: Answer::File {
                token: token.to_owned(),
            },
        }
    }

    /// Lets hands be shaken.
    pub(super) fn give_handshake(self: &Arc<Self>, host: &str, config: ServerConfig) -> Given {
        let config = Arc::new(config);
        self.0.rcu(|present| {
            let mut next = Present::clone(present);
            next.handshakes.insert(host.to_owned(), Arc::clone(&config));
            next
        });
        Given {
            answers: Arc::clone(self),
            answer: Answer::Handshake {
                host: host.to_owned(),
            },
        }
    }
}

// === impl Holder ===

impl Holder {
    /// Gives an answer in place of the one before.
    pub(super) fn hold(&self, give: impl FnOnce() -> Given) {
        // The one before may be at the same place, and takes away what is there.
        self.let_go();
        *self.0.borrow_mut() = Some(give());
    }

    /// Gives none any more.
    pub(super) fn let_go(&self) {
        self.0.borrow_mut().take();
    }
}

// === impl Given ===

impl Drop for Given {
    fn drop(&mut self) {
        self.answers.0.rcu(|present| {
            let mut next = Present::clone(present);
            match &self.answer {
                Answer::File { token } => drop(next.files.remove(token)),
                Answer::Handshake { host } => drop(next.handshakes.remove(host)),
            }
            next
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_for_its_host_and_as_long_as_its_order() {
        let answers = Arc::new(Answers::default());
        let at = |host: &str, path: &str| answers.file(&Method::GET, host, path);
        let path = "/.well-known/acme-challenge/t0ken";
        assert_eq!(at("shop.org", path), None);
        let given = answers.give_file("shop.org", "t0ken", "t0ken.print");
        for host in ["shop.org", "SHOP.org:80"] {
            assert_eq!(at(host, path).as_deref(), Some("t0ken.print"), "{host}");
        }
        assert_eq!(at("other.org", path), None);
        for other in [
            "/t0ken",
            "/.well-known/acme-challenge/",
            "/.well-known/acme-challenge/t",
        ] {
            assert_eq!(at("shop.org", other), None, "{other}");
        }
        assert_eq!(answers.file(&Method::POST, "shop.org", path), None);
        drop(given);
        assert_eq!(at("shop.org", path), None);
    }

    #[test]
    fn the_answer_of_an_order_is_there_until_all_have_let_go_of_it() {
        let answers = Arc::new(Answers::default());
        let at = |token: &str| {
            let path = format!("/.well-known/acme-challenge/{token}");
            answers.file(&Method::GET, "shop.org", &path)
        };
        let holder = Holder::default();
        let of_attempt = holder.clone();
        of_attempt.hold(|| answers.give_file("shop.org", "one", "1"));
        drop(of_attempt);
        assert_eq!(at("one").as_deref(), Some("1"));
        holder.hold(|| answers.give_file("shop.org", "one", "2"));
        assert_eq!(at("one").as_deref(), Some("2"));
        holder.hold(|| answers.give_file("shop.org", "other", "3"));
        assert_eq!((at("one"), at("other")), (None, Some("3".to_owned())));
        holder.let_go();
        assert_eq!(at("other"), None);
    }

    #[test]
    fn hands_are_shaken_with_who_speaks_that_alone() {
        let answers = Arc::new(Answers::default());
        let config = super::super::handshake::config("shop.org", "t0ken.print").unwrap();
        let given = answers.give_handshake("shop.org", config);
        let with = |name: &str, protocols: &[&'static [u8]]| {
            answers.handshake(name, protocols.iter().copied()).is_some()
        };
        assert!(with("shop.org", &[PROTOCOL]));
        assert!(!with("other.org", &[PROTOCOL]));
        assert!(!with("shop.org", &[]) && !with("shop.org", &[b"h2"]));
        assert!(!with("shop.org", &[PROTOCOL, b"h2"]));
        drop(given);
        assert!(!with("shop.org", &[PROTOCOL]));
    }
}
