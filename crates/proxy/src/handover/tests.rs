//! One of the two processes dies at each step of the hand-over.

use std::ffi::OsString;
use std::fs::File;
use std::io::stdin;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::message::{End, Message};
use super::{Error, Keys, PROTOCOL, Successor, TAKES_OVER};
use crate::control::Client;
use crate::options::{Options, Paths};
use crate::registry::Estate;

/// After which message a new process dies; tells the test below that it is meant.
const DIES_AFTER: &str = "SHIPWAY_TEST_DIES_AFTER";
const DIR: &str = "SHIPWAY_TEST_HEIR_DIR";

/// Far longer than anything takes: a test that reaches it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Not a test: a new process that dies at some step.
#[test]
fn impostor() {
    let Ok(last) = std::env::var(DIES_AFTER) else {
        return;
    };
    let end = End::new(stdin().as_fd().try_clone_to_owned().unwrap());
    let say = |name: &str, message: &Message| {
        end.say(message).unwrap();
        if name == last {
            std::process::exit(3);
        }
    };
    let hear = |wanted: &Message, name: &str| {
        while end.hear(PATIENCE).unwrap().0 != *wanted {}
        if name == last {
            std::process::exit(3);
        }
    };
    if last == "start" {
        std::process::exit(3);
    }
    let protocol = if last == "protocol" { 99 } else { PROTOCOL };
    let version = String::new();
    say("hello", &Message::Hello { protocol, version });
    hear(&Message::Complete, "complete");
    if last == "failed" {
        let reason = "it is tired".to_owned();
        say("failed", &Message::Failed { reason });
    }
    say("ready", &Message::Ready);
    hear(&Message::Go, "go");
    say("serving", &Message::Serving);
}

/// Hands nothing over to a program that dies after a message; its number if it served.
fn hand_over_to_one_that_dies(last: &str) -> Result<u32, Error> {
    let script = format!(
        "{DIES_AFTER}={last} exec {} --exact handover::tests::impostor --nocapture",
        std::env::current_exe().unwrap().display()
    );
    let arguments = ["-c".into(), script.into()];
    let arguments: &[OsString] = &arguments;
    let (mut successor, _) = Successor::start("/bin/sh".into(), arguments, PATIENCE)?;
    let keys = Keys {
        lock: File::open("/dev/null").unwrap().into(),
        control: File::open("/dev/null").unwrap().into(),
    };
    let estate = Estate {
        listeners: [].into(),
        holds: vec![],
        certificates: vec![],
    };
    successor.give(&keys, &estate)?;
    successor.install()
}

#[test]
fn a_new_process_that_dies_before_it_serves_is_noticed_at_each_step() {
    for last in ["start", "hello", "complete", "ready", "go"] {
        let error = hand_over_to_one_that_dies(last).unwrap_err();
        let Error::Ended { status } = &error else {
            // What was said to it last met nobody.
            assert!(matches!(error, Error::Gone), "{last}: {error}");
            continue;
        };
        assert!(status.contains("exit status: 3"), "{last}: {status}");
    }
    let error = hand_over_to_one_that_dies("failed").unwrap_err();
    assert!(error.to_string().ends_with("it is tired"), "{error}");
    let error = hand_over_to_one_that_dies("protocol").unwrap_err();
    assert!(matches!(error, Error::Protocol { theirs: 99 }), "{error}");
    hand_over_to_one_that_dies("serving").unwrap();
}

/// Not a test: a real new process.
#[test]
fn heir() {
    if let Ok(dir) = std::env::var(DIR) {
        let ended = crate::run(Options::new(dir));
        std::process::exit(if ended.is_ok() { 0 } else { 4 });
    }
}

/// An old process's side, by hand.
struct Old {
    end: End,
    heir: Child,
    lock: File,
    control: UnixListener,
    listener: TcpListener,
}

impl Old {
    fn start(dir: &Path) -> Self {
        let paths = Paths::new(dir);
        let lock = File::create(paths.lock()).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        let (ours, theirs) = pair();
        let heir = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "handover::tests::heir", "--nocapture"])
            .env(TAKES_OVER, "1")
            .env(DIR, dir)
            .stdin(Stdio::from(theirs))
            .spawn()
            .unwrap();
        let old = Self {
            end: ours,
            heir,
            lock,
            control: UnixListener::bind(paths.control()).unwrap(),
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
        };
        let (hello, _) = old.end.hear(PATIENCE).unwrap();
        assert!(matches!(hello, Message::Hello { .. }), "{hello:?}");
        old
    }

    fn give(&self) {
        let address = self.listener.local_addr().unwrap();
        let listener = self.listener.as_fd();
        self.end.hand(&Message::Lock, &[self.lock.as_fd()]).unwrap();
        self.end
            .hand(&Message::Control, &[self.control.as_fd()])
            .unwrap();
        self.end
            .hand(&Message::Listener { address }, &[listener])
            .unwrap();
    }

    fn says(&self, message: &Message) {
        self.end.say(message).unwrap();
    }

    fn hears(&self, wanted: &Message) {
        let (heard, _) = self.end.hear(PATIENCE).unwrap();
        assert_eq!(heard, *wanted);
    }

    /// Dies; what becomes of the new process is to be seen.
    fn die(self) -> Child {
        self.heir
    }
}

fn pair() -> (End, OwnedFd) {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    let (one, other) = socketpair(family, kind, SocketFlags::CLOEXEC, None).unwrap();
    (End::new(one), other)
}

#[test]
fn an_old_process_that_dies_before_the_last_word_leaves_no_proxy_and_no_lock() {
    for has_given in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let old = Old::start(dir.path());
        old.give();
        if has_given {
            old.says(&Message::Complete);
            old.hears(&Message::Ready);
        }
        let mut heir = old.die();
        assert_eq!(heir.wait().unwrap().code(), Some(4));
        let paths = Paths::new(dir.path());
        let lock = File::open(paths.lock()).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    }
}

#[tokio::test]
async fn an_old_process_that_dies_after_the_last_word_leaves_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let old = Old::start(dir.path());
    old.give();
    old.says(&Message::Complete);
    old.hears(&Message::Ready);
    old.says(&Message::Go);
    let mut heir = old.die();
    let paths = Paths::new(dir.path());
    let (client, health) = Client::wait_ready(paths.control(), PATIENCE).await.unwrap();
    assert_eq!(health.pid, heir.id());
    let lock = File::open(paths.lock()).unwrap();
    assert!(flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err());
    client.shutdown().await.unwrap();
    assert!(heir.wait().unwrap().success());
    assert!(!paths.control().exists());
}
