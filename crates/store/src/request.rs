//! Requests, from the wish to its end. What reads them stands in `requests`.

use rusqlite::{Transaction, params};
use shipway_pipeline::branch::BranchEnvironment;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::notify::Fact;
use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::{End, Origin, Request, State, Want};
use shipway_pipeline::time::Timestamp;

use crate::audit::{self, Audit};
use crate::branch;
use crate::error::Error;
use crate::fact;
use crate::requests::read;
use crate::store::Store;

/// A request to be made.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Where.
    pub environment: EnvironmentName,
    /// What is wanted.
    pub want: Want,
    /// By which rules.
    pub lane: Lane,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// What it came from.
    pub origin: Origin,
}

/// What a push asks for.
#[derive(Debug, Clone, Default)]
pub struct Pushed {
    /// The environments that are its branch's own.
    pub places: Vec<BranchEnvironment>,
    /// The requests.
    pub requests: Vec<NewRequest>,
}

/// Who changes a request, in which way: what the audit trail says of it.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// Who.
    pub by: &'a str,
    /// A verb: `approve`, `reject`, `cancel`.
    pub verb: &'a str,
    /// When.
    pub now: Timestamp,
}

/// As many marks of deliveries are remembered: those of weeks, for whoever pushes all day.
const REMEMBERED: i64 = 20_000;

impl Store {
    /// Makes a request and gives it its number.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn create_request(&self, new: NewRequest, now: Timestamp) -> Result<Request, Error> {
        self.write("record a request", |transaction| {
            create(transaction, new, now)
        })
    }

    /// Makes the requests of a delivery that is known by these marks, and opens the environments
    /// that its branch has, unless it came before: then nothing is made, and `None` returned.
    ///
    /// # Errors
    /// The records cannot be written.
    pub fn create_requests_once(
        &self,
        marks: &[String],
        pushed: Pushed,
        now: Timestamp,
    ) -> Result<Option<Vec<Request>>, Error> {
        const ACTION: &str = "record a delivery";
        self.write(ACTION, |transaction| {
            let mut is_new = true;
            for mark in marks {
                let added = transaction
                    .execute(
                        "INSERT OR IGNORE INTO deliveries (mark) VALUES (?1)",
                        [mark],
                    )
                    .map_err(Error::database(ACTION))?;
                is_new &= added > 0;
            }
            if !is_new {
                return Ok(None);
            }
            transaction
                .execute(
                    "DELETE FROM deliveries WHERE id <= (SELECT max(id) FROM deliveries) - ?1",
                    [REMEMBERED],
                )
                .map_err(Error::database(ACTION))?;
            for place in &pushed.places {
                branch::open(transaction, place)?;
            }
            let requests = pushed.requests.into_iter();
            let made = requests.map(|new| create(transaction, new, now));
            made.collect::<Result<_, _>>().map(Some)
        })
    }

    /// Changes a request as it stands, together with a line of the audit trail and what is to be
    /// told of it: all or nothing.
    ///
    /// # Errors
    /// There is no such request, `change` refuses, or the record cannot be written.
    pub fn change_request<T, E: From<Error>>(
        &self,
        id: RequestId,
        act: Act<'_>,
        change: impl FnOnce(&mut Request) -> Result<T, E>,
    ) -> Result<(Request, T), E> {
        let mut refused = None;
        let changed = self.write("change a request", |transaction| {
            let mut request = read(transaction, id)?.ok_or(Error::NoRequest(id))?;
            let before = request.state.clone();
            let value = match change(&mut request) {
                Ok(value) => value,
                Err(error) => {
                    refused = Some(error);
                    return Err(Error::NoRequest(id));
                }
            };
            put(transaction, &request)?;
            if request.want == Want::Remove && is_cancelled(&request.state) {
                branch::stay(transaction, &request.environment)?;
            }
            let audit = Audit {
                actor: act.by,
                action: act.verb,
                environment: Some(&request.environment),
                subject: &format!("{id} {}", request.state),
            };
            audit::append(transaction, &audit, act.now)?;
            if let Some(told) = Fact::of_change(&before, &request) {
                fact::record(transaction, &told, act.now)?;
            }
            Ok((request, value))
        });
        match refused {
            Some(error) => Err(error),
            None => Ok(changed?),
        }
    }
}

/// Makes a request, and says so in the audit trail.
fn create(
    transaction: &Transaction<'_>,
    new: NewRequest,
    now: Timestamp,
) -> Result<Request, Error> {
    const ACTION: &str = "record a request";
    transaction
        .execute(
            "INSERT INTO requests (environment, state, created, document)
             VALUES (?1, '', ?2, '')",
            params![new.environment.as_str(), now.0 as i64],
        )
        .map_err(Error::database(ACTION))?;
    let request = Request {
        id: RequestId(transaction.last_insert_rowid() as u64),
        environment: new.environment,
        want: new.want,
        lane: new.lane,
        by: new.by,
        reason: new.reason,
        origin: new.origin,
        created: now,
        state: State::Queued,
        agreement: None,
        approvals: Vec::new(),
    };
    put(transaction, &request)?;
    if request.want == Want::Remove {
        branch::leave(transaction, &request.environment)?;
    }
    let told = request.reason.as_ref();
    let told = told
        .map(|reason| format!(" because {reason}"))
        .unwrap_or_default();
    let lane = match request.lane {
        Lane::Regular => String::new(),
        lane => format!(" ({})", lane.as_str()),
    };
    let audit = Audit {
        actor: &request.by,
        action: "request",
        environment: Some(&request.environment),
        subject: &format!("{} {}{lane}{told}", request.id, request.want),
    };
    audit::append(transaction, &audit, now)?;
    Ok(request)
}

/// Whether somebody took it back.
fn is_cancelled(state: &State) -> bool {
    matches!(
        state,
        State::Ended {
            end: End::Cancelled { .. },
            ..
        }
    )
}

fn put(transaction: &Transaction<'_>, request: &Request) -> Result<(), Error> {
    transaction
        .execute(
            "UPDATE requests SET state = ?2, document = ?3 WHERE id = ?1",
            params![
                request.id.0 as i64,
                request.state.as_str(),
                serde_json::to_string(request).map_err(Error::document("request"))?,
            ],
        )
        .map_err(Error::database("record a request"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipway_pipeline::request::WrongState;

    #[derive(Debug, PartialEq)]
    enum Refused {
        Store,
        State(WrongState),
    }

    impl From<Error> for Refused {
        fn from(_: Error) -> Self {
            Self::Store
        }
    }

    fn new(environment: &str) -> NewRequest {
        NewRequest {
            environment: environment.parse().unwrap(),
            want: Want::Promote,
            lane: Lane::BreakGlass,
            by: "anna".to_owned(),
            reason: Some("the shop is down".to_owned()),
            origin: Origin::Person,
        }
    }

    #[test]
    fn a_delivery_that_comes_again_makes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let deliver = |marks: [&str; 2]| {
            let marks = marks.map(str::to_owned);
            let pushed = Pushed {
                requests: vec![new("testing")],
                ..Pushed::default()
            };
            let made = store.create_requests_once(&marks, pushed, Timestamp(1));
            made.unwrap().map(|made| made.len())
        };
        assert_eq!(deliver(["github:1", "github:body:a"]), Some(1));
        assert_eq!(deliver(["github:1", "github:body:a"]), None);
        // The same body under another number, and the other way round.
        assert_eq!(deliver(["github:2", "github:body:a"]), None);
        assert_eq!(deliver(["github:1", "github:body:b"]), None);
        assert_eq!(deliver(["github:3", "github:body:c"]), Some(1));
        assert_eq!(store.open_requests().unwrap().len(), 2);
    }

    #[test]
    fn a_change_that_is_refused_leaves_no_trace_and_another_leaves_one() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let id = store
            .create_request(new("testing"), Timestamp(1))
            .unwrap()
            .id;
        let act = Act {
            by: "ben",
            verb: "cancel",
            now: Timestamp(2),
        };
        let cancel = |request: &mut Request| request.cancel("ben", act.now).map_err(Refused::State);
        store.change_request(id, act, cancel).unwrap();
        let again = store.change_request(id, act, cancel).unwrap_err();
        assert!(matches!(again, Refused::State(_)));
        assert_eq!(store.open_requests().unwrap(), []);
        let trail: Vec<String> = store
            .audit_trail(9)
            .unwrap()
            .into_iter()
            .map(|line| format!("{} {} {}", line.actor, line.action, line.subject))
            .collect();
        assert_eq!(
            trail,
            [
                "ben cancel q1 was cancelled by ben",
                "anna request q1 promote (break-glass) because the shop is down",
            ]
        );
        let none = store.change_request(RequestId(9), act, cancel).unwrap_err();
        assert_eq!(none, Refused::Store);
    }
}
