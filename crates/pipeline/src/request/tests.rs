use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::digest::Digest;
use crate::fixtures;
use crate::promotion::Approvals;

const EXPIRES: Timestamp = Timestamp(1_000);

pub(crate) fn request(id: u64, environment: &str) -> Request {
    Request {
        id: RequestId(id),
        environment: environment.parse().unwrap(),
        want: Want::Promote,
        lane: Lane::Regular,
        by: "anna".to_owned(),
        reason: None,
        origin: Origin::Person,
        created: Timestamp(0),
        state: State::Queued,
        agreement: None,
        approvals: Vec::new(),
    }
}

fn push(id: u64, environment: &str) -> Request {
    Request {
        origin: Origin::Push {
            branch: "main".to_owned(),
        },
        ..request(id, environment)
    }
}

fn rules(required: u32, people: &[&str]) -> Approvals {
    Approvals {
        required,
        groups: vec!["managers".to_owned()],
        people: people.iter().map(ToString::to_string).collect(),
        expires: Duration::from_secs(1),
    }
}

fn waiting() -> Request {
    let mut request = request(1, "production");
    request.start(Timestamp(1)).unwrap();
    request
        .ask(fixtures::plan("blue-green", Some(2), 2), EXPIRES)
        .unwrap();
    request
}

#[test]
fn two_others_consent_and_it_has_its_turn() {
    let rules = rules(2, &["anna", "ben", "carol"]);
    let mut request = waiting();
    let now = Timestamp(5);
    assert_eq!(
        request.approve(&rules, "ben", None, now),
        Ok(Standing::Missing(1))
    );
    assert_eq!(
        request.approve(&rules, "carol", None, now),
        Ok(Standing::Complete)
    );
    assert_eq!(request.state, State::Queued);
    request.start(now).unwrap();
    assert_eq!(request.standing(&rules), Standing::Complete);
}

#[test]
fn nobody_whose_word_does_not_count_is_counted() {
    let rules = rules(2, &["anna", "ben"]);
    let mut request = waiting();
    let now = Timestamp(5);
    let by = |request: &mut Request, by: &str| request.approve(&rules, by, None, now).unwrap_err();
    assert_eq!(by(&mut request, "anna"), NotAllowed::Own("anna".to_owned()));
    assert!(matches!(
        by(&mut request, "dora"),
        NotAllowed::Stranger { .. }
    ));
    request.approve(&rules, "ben", None, now).unwrap();
    assert_eq!(by(&mut request, "ben"), NotAllowed::Twice("ben".to_owned()));
    let other = Digest::of(b"another plan");
    let refused = waiting().approve(&rules, "ben", Some(&other), now);
    assert_eq!(refused, Err(NotAllowed::OtherPlan));
    let refused = waiting().approve(&rules, "ben", None, EXPIRES);
    assert_eq!(refused, Err(NotAllowed::Expired));
    let mut queued = super::tests::request(1, "production");
    assert!(matches!(by(&mut queued, "ben"), NotAllowed::State(_)));
}

#[test]
fn who_left_the_group_since_does_not_count_any_more() {
    let mut request = waiting();
    let both = rules(2, &["ben", "carol"]);
    request.approve(&both, "ben", None, Timestamp(5)).unwrap();
    assert_eq!(request.standing(&both), Standing::Missing(1));
    assert_eq!(
        request.standing(&rules(2, &["carol", "dora"])),
        Standing::Missing(2)
    );
}

#[test]
fn one_no_is_enough() {
    let mut request = waiting();
    let rules = rules(2, &["ben"]);
    let why = Some("not today".to_owned());
    request.reject(&rules, "ben", why, Timestamp(5)).unwrap();
    assert_eq!(request.state.to_string(), "was rejected by ben: not today");
    assert!(request.cancel("anna", Timestamp(6)).is_err());
}

#[test]
fn consent_expires_and_not_before() {
    let mut request = waiting();
    assert!(!request.expire(Timestamp(999)));
    assert!(request.expire(EXPIRES));
    assert!(request.is_over() && !request.expire(EXPIRES));
}

#[test]
fn the_number_and_the_backup_of_a_plan_are_not_consented_to_and_the_rest_is() {
    let plan = fixtures::plan("blue-green", Some(2), 2);
    let later = crate::plan::renumber(plan.clone(), DeploymentId(77));
    assert_eq!(plan.consent(), later.consent());
    let mut told = plan.clone();
    told.notes.push(crate::plan::Note {
        severity: crate::plan::Severity::Info,
        text: "the last backup took 3 s".to_owned(),
    });
    assert_eq!(plan.consent(), told.consent());
    let mut other = plan.clone();
    other.target.release = "r0000000000ff".parse().unwrap();
    assert_ne!(plan.consent(), other.consent());
    let mut shorter = plan.clone();
    shorter.steps.pop();
    assert_ne!(plan.consent(), shorter.consent());
}

#[test]
fn the_newest_push_goes_first_and_the_older_ones_not_at_all() {
    let open = [
        push(1, "testing"),
        request(2, "testing"),
        push(3, "testing"),
        push(4, "testing"),
    ];
    let turn = decide(&open, 2);
    let pairs: Vec<(u64, u64)> = turn.superseded.iter().map(|(a, b)| (a.0, b.0)).collect();
    assert_eq!(pairs, [(1, 4), (3, 4)]);
    assert_eq!(turn.start, [RequestId(2)]);
}

#[test]
fn an_environment_has_one_at_a_time() {
    let mut running = request(1, "testing");
    running.start(Timestamp(1)).unwrap();
    let open = [
        running,
        request(2, "testing"),
        request(3, "staging"),
        request(4, "other"),
    ];
    assert_eq!(decide(&open, 2).start, [RequestId(3)]);
    assert_eq!(decide(&open, 1).start, []);
}

proptest! {
    #[test]
    fn whatever_is_asked_for_every_request_has_its_turn_or_is_superseded(
        wanted in prop::collection::vec((0..4_u8, any::<bool>()), 1..40),
        parallel in 1..4_usize,
    ) {
        let make = |(index, (environment, is_push)): (usize, &(u8, bool))| {
            let name = format!("e{environment}");
            let id = index as u64 + 1;
            if *is_push { push(id, &name) } else { request(id, &name) }
        };
        let mut open: Vec<Request> = wanted.iter().enumerate().map(make).collect();
        let mut seen = 0;
        while !open.is_empty() {
            let turn = decide(&open, parallel);
            prop_assert!(turn.start.len() <= parallel && !turn.start.is_empty());
            let environments: BTreeSet<_> = open.iter()
                .filter(|one| turn.start.contains(&one.id))
                .map(|one| one.environment.clone())
                .collect();
            prop_assert_eq!(environments.len(), turn.start.len());
            seen += turn.start.len() + turn.superseded.len();
            open.retain(|one| !turn.start.contains(&one.id)
                && !turn.superseded.iter().any(|(id, _)| *id == one.id));
        }
        prop_assert_eq!(seen, wanted.len());
    }
}
