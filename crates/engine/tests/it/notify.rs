//! Notifications over real HTTP: what is told arrives once, whatever happens on the way.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use shipway_engine::notify::{Courier, Sent};
use shipway_pipeline::backup::Chore;
use shipway_pipeline::config::{self, Config};
use shipway_pipeline::id::{DeploymentId, MessageId};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::notify::Fact;
use shipway_pipeline::notify::retry::Next;
use shipway_pipeline::secret::SecretValue;
use shipway_pipeline::time::Timestamp;
use shipway_store::{Keyring, MessageRecord, MessageState, NewSecret, Store};
use shipway_testkit::{Received, Receiver, Response};
use tempfile::TempDir;

/// When everything happens that is told here.
const NOW: Timestamp = Timestamp(1_700_000_000_000);

const KEY: &str = "hunter2-hunter2";

/// Long enough for what answers.
const PATIENCE: Duration = Duration::from_secs(60);

struct Rig {
    store: Store,
    config: Config,
    keyring: Keyring,
    _directory: TempDir,
}

fn production() -> EnvironmentName {
    "production".parse().expect("a name")
}

/// A project with these channels.
fn rig(channels: &str) -> Rig {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let text = format!(
        "project: shop\nnotifications:\n{channels}\nenvironments:\n  production:\n    \
         route: {{ listen: 80 }}\n"
    );
    Rig {
        store: Store::open(directory.path()).expect("the state opens"),
        config: config::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}")),
        keyring: Keyring::of_file(directory.path().join("identity")),
        _directory: directory,
    }
}

/// A project whose only channel is a signed webhook of a receiver.
fn signed(receiver: &Receiver) -> Rig {
    let rig = rig("  ops: { kind: webhook, url: \"${OPS_URL}\", secret: \"${OPS_KEY}\" }");
    rig.secret("OPS_URL", &receiver.url("/in?key=swordfish"));
    rig.secret("OPS_KEY", KEY);
    rig
}

impl Rig {
    fn secret(&self, name: &str, value: &str) {
        let keys = self.keyring.open_or_create().expect("an identity");
        let value = SecretValue::new(value.as_bytes().to_vec());
        let new = NewSecret {
            environment: &production(),
            name: &name.parse().expect("a name"),
            ciphertext: &keys.encrypt(&value).expect("it is encrypted"),
            recipient: &keys.recipient(),
            created_by: "anna",
        };
        self.store.put_secret(&new, NOW).expect("it is kept");
    }

    /// Something to be told, at this time.
    fn tell(&self, day: u64, at: Timestamp) {
        let why = ("cron", "there is no room".to_owned());
        let fact = Fact::of_failed_backup(&production(), (Chore::Make, None), why, day);
        self.store.tell(&fact, at).expect("it is recorded");
    }

    async fn deliver(&self, now: Timestamp, patience: Duration) -> Vec<Sent> {
        let courier = Courier::new(&self.store, &self.config, &self.keyring);
        let until = Instant::now() + patience;
        let sent = courier.deliver(now, until).await;
        sent.expect("the store takes what came of it")
    }

    fn message(&self, id: u64) -> MessageRecord {
        let found = self.store.message(MessageId(id)).expect("it is read");
        found.expect("there is one")
    }
}

/// The id of a signed request whose signature is right.
#[track_caller]
fn checked(received: &Received) -> String {
    let [id, time, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .map(|name| received.header(name).to_owned());
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("any text is a key");
    mac.update(format!("{id}.{time}.").as_bytes());
    mac.update(&received.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(signature, expected, "{received:?}");
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(
        (received.method.as_str(), received.path.as_str()),
        ("POST", "/in?key=swordfish")
    );
    id
}

fn due(sent: &[Sent]) -> Timestamp {
    match sent {
        [
            Sent {
                next: Next::Again { at },
                ..
            },
        ] => *at,
        other => panic!("it is not tried again: {other:?}"),
    }
}

#[tokio::test]
async fn it_arrives_once_however_often_it_is_refused_before() {
    let receiver = Receiver::start();
    receiver.answer([
        Response::new(500, "down for a moment"),
        Response::new(429, "slow down").with("Retry-After", "300"),
        Response::silence(),
    ]);
    let rig = signed(&receiver);
    rig.tell(1, NOW);
    let sent = rig.deliver(NOW, PATIENCE).await;
    assert!(sent[0].told.contains("down for a moment"), "{sent:?}");
    // Before it is due nothing is sent.
    assert_eq!(rig.deliver(Timestamp(NOW.0 + 1), PATIENCE).await, []);
    let second = due(&sent);
    let sent = rig.deliver(second, PATIENCE).await;
    let third = due(&sent);
    assert_eq!(third.since(second), Duration::from_secs(300));
    let sent = rig.deliver(third, Duration::from_millis(200)).await;
    assert!(sent[0].told.contains("no answer within"), "{sent:?}");
    let sent = rig.deliver(due(&sent), PATIENCE).await;
    assert_eq!(sent[0].next, Next::Delivered);
    let late = Timestamp(NOW.0 + 90_000_000);
    assert_eq!(rig.deliver(late, PATIENCE).await, []);

    let received = receiver.received();
    assert_eq!(received.len(), 4);
    let ids: Vec<String> = received.iter().map(checked).collect();
    assert!(ids[0].starts_with("msg_"), "{ids:?}");
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(received.iter().all(|one| one.body == received[0].body));
    let body = received[0].json();
    assert_eq!(body["type"], "backup-failed");
    assert_eq!(body["data"]["reason"], "there is no room");
    assert_eq!(rig.message(1).state, MessageState::Delivered);
}

#[tokio::test]
async fn whoever_is_killed_while_it_is_sent_leaves_it_to_others() {
    let receiver = Receiver::start();
    receiver.answer([Response::silence()]);
    let rig = signed(&receiver);
    rig.tell(1, NOW);
    {
        let mut sending = std::pin::pin!(rig.deliver(NOW, PATIENCE));
        let watched = receiver.clone();
        let arrived = tokio::task::spawn_blocking(move || watched.wait_for(1));
        tokio::select! {
            sent = &mut sending => panic!("nobody answered: {sent:?}"),
            arrived = arrived => assert_eq!(arrived.unwrap().len(), 1),
        }
        // Dropped here, between sending and recording, as by a kill.
    }
    let now = |seconds: u64| Timestamp(NOW.0 + seconds * 1000);
    assert_eq!(rig.deliver(now(59), PATIENCE).await, []);
    let sent = rig.deliver(now(60), PATIENCE).await;
    assert_eq!(sent[0].next, Next::Delivered);
    let ids: Vec<String> = receiver.received().iter().map(checked).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_and_sent_again_on_demand() {
    let receiver = Receiver::start();
    let refusal = format!("no key swordfish at {}", receiver.url("/in?key=swordfish"));
    receiver.answer([Response::new(404, &refusal)]);
    let rig = signed(&receiver);
    rig.tell(1, NOW);
    let sent = rig.deliver(NOW, PATIENCE).await;
    assert_eq!(sent[0].next, Next::Failed);
    let failed = rig.message(1);
    let answer = failed.answer.expect("it says why");
    assert!(answer.starts_with("404"), "{answer}");
    assert!(!answer.contains("/in?key"), "{answer}");
    let late = Timestamp(NOW.0 + 90_000_000);
    assert_eq!(rig.deliver(late, PATIENCE).await, []);
    assert!(
        rig.store
            .send_again(MessageId(1), late)
            .expect("it is read")
    );
    assert_eq!(rig.deliver(late, PATIENCE).await[0].next, Next::Delivered);
}

#[tokio::test]
async fn a_channel_that_is_gone_holds_nobody_up() {
    let (silent, other) = (Receiver::start(), Receiver::start());
    silent.answer([Response::silence()]);
    let rig = rig("  a: { kind: slack, url: \"${A}\" }\n  b: { kind: discord, url: \"${B}\" }");
    rig.secret("A", &silent.url("/services/T0"));
    rig.secret("B", &other.url("/api/webhooks/1"));
    for day in 0..3 {
        rig.tell(day, NOW);
    }
    let sent = rig.deliver(NOW, Duration::from_millis(500)).await;
    let delivered = sent.iter().filter(|one| one.next == Next::Delivered);
    assert_eq!(delivered.count(), 3);
    // The other two wait for the first one.
    assert_eq!(silent.received().len(), 1);
    assert_eq!(other.received().len(), 3);
}

#[tokio::test]
async fn every_kind_is_posted_what_it_takes() {
    let receiver = Receiver::start();
    let rig = rig("  a: { kind: slack, url: \"${URL}\" }\n  \
                   b: { kind: teams, url: \"${URL}\" }\n  \
                   c: { kind: discord, url: \"${URL}\" }");
    rig.secret("URL", &receiver.url("/"));
    rig.tell(1, NOW);
    let sent = rig.deliver(NOW, PATIENCE).await;
    assert!(
        sent.iter().all(|one| one.next == Next::Delivered),
        "{sent:?}"
    );
    let bodies: Vec<_> = receiver.received().iter().map(Received::json).collect();
    let told = |key: &str| bodies.iter().filter(|body| body.get(key).is_some()).count();
    assert_eq!(
        (told("blocks"), told("attachments"), told("embeds")),
        (1, 1, 1)
    );
    assert!(
        bodies
            .iter()
            .all(|body| body.to_string().contains("there is no room"))
    );
}

#[tokio::test]
async fn what_nobody_takes_or_is_no_news_is_not_sent() {
    let receiver = Receiver::start();
    let rig = signed(&receiver);
    let began = Fact::of_deployment(
        shipway_pipeline::notify::Event::Started,
        &production(),
        DeploymentId(1),
    );
    rig.store.tell(&began, NOW).expect("it is recorded");
    rig.tell(1, Timestamp(NOW.0 - 90_000_000));
    assert_eq!(rig.deliver(NOW, PATIENCE).await, []);
    assert_eq!(rig.store.next_telling().expect("it is read"), None);
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn what_is_missing_here_may_be_there_for_whoever_tries_next() {
    let receiver = Receiver::start();
    let rig = rig("  ops: { kind: slack, url: \"${MISSING_URL}\" }");
    rig.tell(1, NOW);
    let sent = rig.deliver(NOW, PATIENCE).await;
    let told = "`MISSING_URL` is neither a variable here nor a secret of `production`: \
                `shipway secrets set production MISSING_URL` stores it";
    assert_eq!(sent[0].told, told);
    rig.secret("MISSING_URL", &receiver.url("/"));
    assert_eq!(
        rig.deliver(due(&sent), PATIENCE).await[0].next,
        Next::Delivered
    );
}

#[tokio::test]
async fn of_two_who_deliver_one_sends() {
    let receiver = Receiver::start();
    let rig = signed(&receiver);
    for day in 0..10 {
        rig.tell(day, NOW);
    }
    let (one, other) = tokio::join!(rig.deliver(NOW, PATIENCE), rig.deliver(NOW, PATIENCE));
    assert_eq!(one.len() + other.len(), 10);
    let mut ids: Vec<String> = receiver.received().iter().map(checked).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), receiver.received().len()), (10, 10));
}
