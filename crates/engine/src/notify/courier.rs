//! Addresses facts to channels, and sends what is due.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use indexmap::IndexMap;
use reqwest::Client;
use shipway_pipeline::config::Config;
use shipway_pipeline::id::MessageId;
use shipway_pipeline::name::{ChannelName, EnvironmentName, ProjectName};
use shipway_pipeline::notify::retry::{Attempt, Next, STALE, Verdict, decide};
use shipway_pipeline::notify::{Channel, Notice, Reference, Target, render};
use shipway_pipeline::time::Timestamp;
use shipway_store::{Error, Keyring, MessageRecord, Store};

use super::http::{self, Post};
use super::values::Values;
use super::{forge, mail, notice, sign};

/// A channel that takes longer for an answer is tried again. Far below the time after which an
/// attempt counts as abandoned.
const ANSWER: Duration = Duration::from_secs(15);

/// So many facts are read at once, and so many messages are sent before what is new is looked at.
const PORTION: usize = 200;

/// Sends notifications.
pub struct Courier<'a> {
    store: &'a Store,
    project: &'a ProjectName,
    channels: &'a IndexMap<ChannelName, Channel>,
    values: Values<'a>,
    client: Result<Client, String>,
}

/// What came of an attempt to send a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Which.
    pub id: MessageId,
    /// Where it went.
    pub channel: ChannelName,
    /// What it told.
    pub notice: Notice,
    /// What the other side said.
    pub told: String,
    /// What follows.
    pub next: Next,
}

// === impl Courier ===

impl<'a> Courier<'a> {
    /// One for the channels of a project.
    pub fn new(store: &'a Store, config: &'a Config, keyring: &'a Keyring) -> Self {
        Self {
            store,
            project: &config.project,
            channels: &config.notifications,
            values: Values::new(store, keyring),
            client: http::client(),
        }
    }

    /// Addresses what is new, and sends what is due. No attempt is begun after `until`, and none
    /// lasts longer than that.
    ///
    /// # Errors
    /// The store refuses. What was sent by then is recorded.
    pub async fn deliver(&self, now: Timestamp, until: Instant) -> Result<Vec<Sent>, Error> {
        self.address(now)?;
        let mut by_channel: BTreeMap<ChannelName, Vec<MessageRecord>> = BTreeMap::new();
        for message in self.store.due_messages(now, PORTION)? {
            let queue = by_channel.entry(message.channel.clone());
            queue.or_default().push(message);
        }
        // Beside each other: one that is gone holds nobody else up.
        let queues = by_channel.into_values();
        let sent = join_all(queues.map(|queue| self.send_in_turn(queue, now, until))).await;
        let mut all = Vec::new();
        for sent in sent {
            all.extend(sent?);
        }
        Ok(all)
    }

    /// Sends a notice to a channel once, whatever it takes otherwise, and without a record.
    pub async fn try_channel(&self, channel: &Channel, notice: &Notice) -> Attempt {
        let mark = format!("test:{}", notice.at.0);
        let id = notice.delivery(&mark, channel.name.as_str());
        self.attempt(channel, (notice, &id, notice.at), ANSWER)
            .await
    }

    /// Makes the messages of facts that nobody has addressed yet. What nobody takes, and what is
    /// no news any more, has none.
    fn address(&self, now: Timestamp) -> Result<(), Error> {
        loop {
            let facts = self.store.unaddressed_facts(PORTION)?;
            if facts.is_empty() {
                return Ok(());
            }
            for told in facts {
                let fact = &told.fact;
                let is_news = now.since(told.at) < STALE;
                let takes =
                    |channel: &&Channel| is_news && channel.takes(fact.event, &fact.environment);
                let takers = self.channels.values().filter(takes);
                let takers: Vec<&ChannelName> = takers.map(|channel| &channel.name).collect();
                let notice = if takers.is_empty() {
                    None
                } else {
                    notice::of(self.store, self.project, &told)?
                };
                self.store
                    .address_fact(&told, &takers, notice.as_ref(), now)?;
            }
        }
    }

    /// The messages of one channel, one after the other, until one does not arrive.
    async fn send_in_turn(
        &self,
        queue: Vec<MessageRecord>,
        now: Timestamp,
        until: Instant,
    ) -> Result<Vec<Sent>, Error> {
        let mut all = Vec::new();
        for message in queue {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let Some(attempt) = self.store.begin_attempt(&message, now)? else {
                continue;
            };
            let came = match self.channels.get(&message.channel) {
                Some(channel) if self.is_overtaken(channel, &message)? => Attempt {
                    verdict: Verdict::Accepted,
                    told: "not sent: it was told later news already".to_owned(),
                },
                Some(channel) => {
                    let id = message
                        .notice
                        .delivery(&message.mark, channel.name.as_str());
                    self.attempt(channel, (&message.notice, &id, now), left.min(ANSWER))
                        .await
                }
                None => gone(&message.channel),
            };
            let next = decide(came.verdict, attempt, now);
            self.store
                .end_attempt(message.id, attempt, (&came, next), now)?;
            let is_stuck = matches!(next, Next::Again { .. });
            all.push(Sent {
                id: message.id,
                channel: message.channel,
                notice: message.notice,
                told: came.told,
                next,
            });
            if is_stuck {
                break;
            }
        }
        Ok(all)
    }

    /// A forge shows where a deployment stands: what is old by now would be wrong.
    fn is_overtaken(&self, channel: &Channel, message: &MessageRecord) -> Result<bool, Error> {
        match &channel.target {
            Target::Forge(_) => self.store.is_overtaken(message),
            _ => Ok(false),
        }
    }

    async fn attempt(
        &self,
        channel: &Channel,
        (notice, id, now): (&Notice, &str, Timestamp),
        patience: Duration,
    ) -> Attempt {
        let sending = self.send(channel, (notice, id, now));
        let came = match tokio::time::timeout(patience, sending).await {
            Ok(Ok(came)) => came,
            // What is missing here may be there for whoever tries next.
            Ok(Err(told)) => later(told),
            Err(_) => later(format!("no answer within {} ms", patience.as_millis())),
        };
        Attempt {
            told: self.values.hide(came.told),
            ..came
        }
    }

    async fn send(
        &self,
        channel: &Channel,
        (notice, id, at): (&Notice, &str, Timestamp),
    ) -> Result<Attempt, String> {
        let value = |reference: &Reference| self.value(reference, &notice.environment);
        let post = match &channel.target {
            Target::Slack { url } => Post::new(&value(url)?, &render::slack(notice), false)?,
            Target::Teams { url } => Post::new(&value(url)?, &render::teams(notice), false)?,
            Target::Discord { url } => Post::new(&value(url)?, &render::discord(notice), false)?,
            Target::Webhook { url, secret } => {
                let post = Post::new(&value(url)?, &render::webhook(notice), true)?;
                signed(post, &value(secret)?, id, at)?
            }
            Target::Smtp(smtp) => {
                let password = smtp.password.as_ref().map(value).transpose()?;
                return mail::send(smtp, password, notice, id).await;
            }
            Target::Forge(forge) => {
                let token = value(&forge.token)?;
                return forge::tell(self.client()?, (forge, &token), notice, at).await;
            }
        };
        let client = self.client()?;
        Ok(post.send(client, at).await)
    }

    fn client(&self) -> Result<&Client, String> {
        self.client.as_ref().map_err(Clone::clone)
    }

    fn value(
        &self,
        reference: &Reference,
        environment: &EnvironmentName,
    ) -> Result<String, String> {
        self.values.get(reference, environment)
    }
}

/// With the headers of Standard Webhooks.
fn signed(post: Post, secret: &str, id: &str, at: Timestamp) -> Result<Post, String> {
    let seconds = at.0 / 1000;
    let signature = sign::sign(secret, id, seconds, &post.body)?;
    Ok(post
        .with("webhook-id", id.to_owned())
        .with("webhook-timestamp", seconds.to_string())
        .with("webhook-signature", signature))
}

fn later(told: String) -> Attempt {
    Attempt {
        verdict: Verdict::Later { after: None },
        told,
    }
}

fn gone(channel: &ChannelName) -> Attempt {
    Attempt {
        verdict: Verdict::Refused,
        told: format!("shipway.yml has no channel `{channel}` any more"),
    }
}
