//! One attempt to have a certificate issued for a host.
//!
//! What the next attempt needs is on the disk before it is used: the order before its challenge is
//! answered, the key before a certificate is asked for it, the certificate before the order is
//! forgotten. So whoever is killed, goes on; and whoever takes over, too.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    AuthorizationStatus, ChallengeHandle, ChallengeStatus, ChallengeType, Error, Identifier,
    NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use shipway_durable::crash_point;
use shipway_pipeline::route::{Acme, Challenge};

use super::account::{Accounts, Known};
use super::answers::{Answers, Holder};
use super::handshake;
use super::place::Place;
use super::problem::{self, refused, unreached};
use super::record::{Key, Pending, Proof, Record};
use super::schedule::{self, Failure, Kind, Validity};
use crate::tls;

/// An authority that has not looked by then is asked again later; the order stays.
const LOOKING: Duration = Duration::from_secs(60);

/// Nothing of an attempt takes as long as this.
const WHOLE: Duration = Duration::from_secs(300);

/// What is needed to have a certificate issued.
pub(super) struct Attempt {
    pub(super) place: Place,
    pub(super) acme: Acme,
    pub(super) record: Record,
    /// The time of the certificate that there is.
    pub(super) present: Option<Validity>,
    pub(super) answers: Arc<Answers>,
    pub(super) holder: Holder,
    pub(super) accounts: Rc<Accounts>,
    /// How long nobody asks after the first failure.
    pub(super) pace: Duration,
}

/// What came of an attempt.
#[derive(Debug)]
pub(super) struct Ended {
    /// Whose it was.
    pub(super) place: Place,
    pub(super) record: Record,
    /// Whether there is a new certificate.
    pub(super) is_issued: bool,
}

/// What ends an attempt.
enum Stop {
    /// The authority's word, or none of it.
    Acme(Error),
    /// Ours.
    Failure(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Acme(error)
    }
}

// === impl Attempt ===

impl Attempt {
    /// Makes the attempt.
    pub(super) async fn run(mut self) -> Ended {
        let host = self.place.host().to_owned();
        let ended = match tokio::time::timeout(WHOLE, self.try_all()).await {
            Ok(ended) => ended,
            Err(_elapsed) => Err(unreached("the authority takes too long")),
        };
        let chance = rand();
        self.record = match &ended {
            Ok(()) => schedule::done(tls::now(), self.pace, chance),
            Err(failure) => {
                let (kind, reason) = (failure.kind, &failure.reason);
                tracing::warn!(host, ?kind, reason, "no certificate was issued");
                let (record, failure) = (self.record, failure.clone());
                schedule::fail(record, failure, tls::now(), self.pace, chance)
            }
        };
        if self.record.order.is_none() {
            self.holder.let_go();
        }
        if let Err(error) = self.record.save(&self.place) {
            tracing::error!(host, %error, "what became of a certificate's order cannot be kept");
        }
        Ended {
            place: self.place,
            record: self.record,
            is_issued: ended.is_ok(),
        }
    }

    async fn try_all(&mut self) -> Result<(), Failure> {
        self.record = schedule::begin(self.record.clone(), tls::now(), self.pace);
        self.save()?;
        let known = self.accounts.of(&self.place, &self.acme).await?;
        match self.order(&known).await {
            Ok(()) => Ok(()),
            Err(Stop::Failure(failure)) => Err(failure),
            Err(Stop::Acme(error)) => {
                let failure = problem::failure(&error, known.asked.take());
                if failure.kind == Kind::Unreached {
                    self.accounts.renew(&known, &error).await;
                }
                Err(failure)
            }
        }
    }

    async fn order(&mut self, known: &Known) -> Result<(), Stop> {
        let mut order = self.begin(known).await?;
        if order.state().status == OrderStatus::Pending {
            self.prove(&mut order).await?;
            crash_point::pass("an authority is looking whose a host is");
            match order.poll_ready(&waiting()).await {
                Ok(OrderStatus::Invalid) | Err(Error::Api(_)) => {
                    return Err(refused(&why(&mut order).await).into());
                }
                looked => looked?,
            };
            self.holder.let_go();
        }
        match order.state().status {
            OrderStatus::Ready => {
                self.finalize(&mut order).await?;
                crash_point::pass("a certificate is issued and not fetched");
            }
            OrderStatus::Invalid => return Err(refused(&why(&mut order).await).into()),
            OrderStatus::Pending | OrderStatus::Processing | OrderStatus::Valid => {}
        }
        let chain = order.poll_certificate(&waiting()).await?;
        self.keep(&chain).map_err(Stop::Failure)
    }

    /// The order that is under way, or a new one.
    async fn begin(&mut self, known: &Known) -> Result<Order, Stop> {
        if let Some(pending) = schedule::pending(&self.acme, &self.record) {
            match known.account.order(pending.url.clone()).await {
                Ok(order) => return Ok(order),
                // It is over, or was never there: a new one is made in its place.
                Err(Error::Api(error)) => {
                    let host = self.place.host();
                    tracing::info!(host, %error, "an order is not known any more");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let Some(challenge) = schedule::challenge(&self.acme, &self.record) else {
            return Err(refused("no challenge is to be answered").into());
        };
        let host = [Identifier::Dns(self.place.host().to_owned())];
        let order = known.account.new_order(&NewOrder::new(&host)).await?;
        crash_point::pass("an order is made and not kept");
        self.record.order = Some(Pending {
            url: order.url().to_owned(),
            challenge,
            key: None,
            proof: None,
        });
        self.record.not_before = 0;
        self.save()?;
        tracing::info!(
            host = self.place.host(),
            ?challenge,
            "a certificate is asked for"
        );
        Ok(order)
    }

    /// Lets the authority look.
    async fn prove(&mut self, order: &mut Order) -> Result<(), Stop> {
        let challenge = self.record.order.as_ref().map(|order| order.challenge);
        let kind = match challenge {
            Some(Challenge::TlsAlpn) => ChallengeType::TlsAlpn01,
            Some(Challenge::Http) | None => ChallengeType::Http01,
        };
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            match authorization.status {
                AuthorizationStatus::Pending => {}
                AuthorizationStatus::Valid => continue,
                AuthorizationStatus::Invalid
                | AuthorizationStatus::Revoked
                | AuthorizationStatus::Expired
                | AuthorizationStatus::Deactivated => {
                    return Err(refused("the authority has refused before").into());
                }
            }
            let Some(mut challenge) = authorization.challenge(kind.clone()) else {
                let told = format!("the authority does not offer {}", name_of(&kind));
                return Err(refused(&told).into());
            };
            self.give(&challenge)?;
            if challenge.status == ChallengeStatus::Pending {
                challenge.set_ready().await?;
            }
        }
        Ok(())
    }

    /// Lets the authority find what it looks for, unless it is there already.
    fn give(&mut self, challenge: &ChallengeHandle<'_>) -> Result<(), Failure> {
        let proof = Proof {
            token: challenge.token.clone(),
            print: challenge.key_authorization().as_str().to_owned(),
        };
        let Some(order) = &mut self.record.order else {
            return Ok(());
        };
        if order.proof.as_ref() == Some(&proof) {
            return Ok(());
        }
        order.proof = Some(proof);
        let given = give(&self.answers, &self.holder, self.place.host(), order);
        given.map_err(|reason| unreached(&reason))?;
        self.save()
    }

    /// Asks for a certificate of the order's key.
    async fn finalize(&mut self, order: &mut Order) -> Result<(), Stop> {
        let unmade = |error: rcgen::Error| unreached(&error.to_string());
        let known = self.record.order.as_ref().and_then(|it| it.key.clone());
        let pair = match known {
            Some(key) => KeyPair::from_pem(key.reveal()).map_err(unmade)?,
            None => {
                let pair = KeyPair::generate().map_err(unmade)?;
                if let Some(order) = &mut self.record.order {
                    order.key = Some(Key::new(pair.serialize_pem()));
                }
                self.save()?;
                pair
            }
        };
        let names = vec![self.place.host().to_owned()];
        let mut params = CertificateParams::new(names).map_err(unmade)?;
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&pair).map_err(unmade)?;
        Ok(order.finalize_csr(request.der()).await?)
    }

    /// Puts a certificate in the place of the one before, if it is better than that.
    fn keep(&mut self, chain: &str) -> Result<(), Failure> {
        let key = self.record.order.as_ref().and_then(|it| it.key.as_ref());
        let Some(key) = key else {
            return Err(refused("the key of the certificate is not known"));
        };
        let text = format!("{}\n{}", chain.trim_end(), key.reveal());
        let host = self.place.host();
        let validity = tls::check_issued(&self.place, host, text.as_bytes());
        let validity = validity.map_err(|reason| refused(&reason))?;
        if self.present.is_some_and(|it| it.ends >= validity.ends) {
            return Err(refused("the certificate is none newer"));
        }
        let path = self.place.certificate();
        let kept = shipway_durable::replace(&path, text.as_bytes());
        kept.map_err(|error| unreached(&format!("`{}`: {error}", path.display())))?;
        tracing::info!(host, "a certificate was issued");
        Ok(())
    }

    fn save(&self) -> Result<(), Failure> {
        let saved = self.record.save(&self.place);
        saved.map_err(|error| unreached(&format!("the order cannot be kept: {error}")))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Lets the authority find what it looks for by an order, if that is known; in one line why it
/// cannot.
pub(super) fn give(
    answers: &Arc<Answers>,
    holder: &Holder,
    host: &str,
    order: &Pending,
) -> Result<(), String> {
    let Some(Proof { token, print }) = &order.proof else {
        return Ok(());
    };
    match order.challenge {
        Challenge::Http => holder.hold(|| answers.give_file(host, token, print)),
        Challenge::TlsAlpn => {
            let config = handshake::config(host, print)?;
            holder.hold(|| answers.give_handshake(host, config));
        }
    }
    Ok(())
}

/// Why an order came to nothing: what the authority says of the challenge is more than what it says
/// of the order.
async fn why(order: &mut Order) -> String {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        // Where it cannot be asked any more, what it said of the order has to do.
        let _ = authorization.refresh().await;
        let mut errors = authorization
            .challenges
            .iter()
            .filter_map(|it| it.error.as_ref());
        if let Some(error) = errors.next() {
            return problem::told(error);
        }
    }
    let error = order.state().error.as_ref();
    error.map_or_else(
        || "the authority refuses the order".to_owned(),
        problem::told,
    )
}

fn waiting() -> RetryPolicy {
    RetryPolicy::new().timeout(LOOKING)
}

fn name_of(kind: &ChallengeType) -> &'static str {
    match kind {
        ChallengeType::TlsAlpn01 => "tls-alpn-01",
        _ => "http-01",
    }
}

/// Any number.
fn rand() -> u64 {
    use std::hash::BuildHasher;
    std::hash::RandomState::new().hash_one(0)
}
