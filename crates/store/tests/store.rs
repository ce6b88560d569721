//! The store's promises, on real files.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::SocketAddr;

use shipway_pipeline::colour::Colour;
use shipway_pipeline::deployment::{Outcome, State};
use shipway_pipeline::digest::Digest;
use shipway_pipeline::id::DeploymentId;
use shipway_pipeline::journal::Entry;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{Kind, Occupant, Plan, Revert, RoutePlan, Scales, Sizes};
use shipway_pipeline::route::Rules;
use shipway_pipeline::secret::{SecretName, Version};
use shipway_pipeline::strategy::Strategy;
use shipway_pipeline::time::Timestamp;
use shipway_store::{Change, Error, Lease, NewDeployment, NewSecret, OpenError, Store, TakeError};

const NOW: Timestamp = Timestamp(1000);

fn production() -> EnvironmentName {
    "production".parse().unwrap()
}

fn occupant(deployment: DeploymentId) -> Occupant {
    Occupant {
        release: "r0123456789ab".parse().unwrap(),
        deployment,
        colour: Colour::Blue,
        workload: Digest::of(b"workload"),
        sizes: Sizes::new(),
        scaled: Scales::new(),
    }
}

fn plan(deployment: DeploymentId) -> Plan {
    Plan {
        version: 1,
        deployment,
        kind: Kind::Deploy,
        project: "shop".parse().unwrap(),
        environment: production(),
        strategy: Strategy::BlueGreen,
        target: occupant(deployment),
        previous: None,
        route: RoutePlan {
            listen: SocketAddr::from(([127, 0, 0, 1], 80)),
            hosts: vec![],
            tls: None,
            rules: Rules::default(),
            service: "web".parse().unwrap(),
        },
        probe: None,
        steps: vec![],
        revert: Revert {
            touched_from: 0,
            untouched: vec![],
            touched: vec![],
        },
        notes: vec![],
        adoption: None,
        migrations: None,
    }
}

fn create(store: &Store, lease: &Lease) -> DeploymentId {
    let new = NewDeployment {
        release: "r0123456789ab".parse().unwrap(),
        subject: "r1".to_owned(),
        request: None,
        requested_by: "ada".to_owned(),
        now: NOW,
    };
    store.create_deployment(lease, &new, plan).unwrap().id
}

#[test]
fn a_second_holder_is_told_who_has_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let other = Store::open(directory.path()).unwrap();
    let lease = store.take_lease(&production(), "ada", NOW).unwrap();
    let refused = other.take_lease(&production(), "bob", NOW).unwrap_err();
    let TakeError::Held { holder, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(holder.unwrap().owner, "ada");
    store.release_lease(lease).unwrap();
    assert_eq!(other.holder(&production()).unwrap(), None);
    let epoch = other.take_lease(&production(), "bob", NOW).unwrap().epoch();
    assert_eq!(epoch.0, 2);
}

#[test]
fn a_holder_that_died_without_a_word_blocks_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    // Dropping closes the lock's file, as the kernel does for a dead process.
    drop(store.take_lease(&production(), "ada", NOW).unwrap());
    assert!(store.take_lease(&production(), "bob", NOW).is_ok());
}

#[test]
fn what_a_deposed_holder_writes_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let old = store.take_lease(&production(), "ada", NOW).unwrap();
    let id = create(&store, &old);
    // The lock file is gone, as on a file system that lost it: only the epoch is left.
    std::fs::remove_file(directory.path().join("locks/production.lock")).unwrap();
    let new = store.take_lease(&production(), "bob", NOW).unwrap();
    let change = Change {
        entries: vec![Entry::AbortRequested { by: "x".to_owned() }],
        ..Change::default()
    };
    let refused = store.change(&old, id, &change, NOW).unwrap_err();
    assert!(matches!(refused, Error::Deposed { .. }), "{refused}");
    assert_eq!(store.journal(id).unwrap().len(), 1);
    store.change(&new, id, &change, NOW).unwrap();
    assert_eq!(store.journal(id).unwrap().len(), 2);
}

#[test]
fn a_change_is_all_or_nothing_and_survives_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let lease = store.take_lease(&production(), "ada", NOW).unwrap();
    let id = create(&store, &lease);
    let state = State::Advancing { step: 3 };
    let live = occupant(id);
    let change = Change {
        entries: vec![Entry::LeaseTaken {
            owner: "ada".to_owned(),
        }],
        state: Some(&state),
        live: Some(Some(&live)),
        stable: Some(&live),
        freeze: None,
    };
    let records = store.change(&lease, id, &change, Timestamp(2000)).unwrap();
    assert_eq!(records[0].sequence, 2);
    drop((store, lease));

    let store = Store::open(directory.path()).unwrap();
    let unfinished = store.unfinished(&production()).unwrap().unwrap();
    assert_eq!(unfinished.state, state);
    assert_eq!(unfinished.plan, plan(id));
    let environment = store.environment(&production()).unwrap();
    assert_eq!(environment.live.as_ref(), Some(&live));
    assert_eq!(environment.live_since, Some(Timestamp(2000)));
    assert_eq!(environment.stable, Some(live));
}

#[test]
fn a_finished_deployment_is_no_longer_unfinished() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let lease = store.take_lease(&production(), "ada", NOW).unwrap();
    let first = create(&store, &lease);
    let finished = State::Finished {
        outcome: Outcome::Failed,
        cause: None,
    };
    let change = Change {
        state: Some(&finished),
        ..Change::default()
    };
    store.change(&lease, first, &change, NOW).unwrap();
    assert_eq!(store.unfinished(&production()).unwrap(), None);
    let second = create(&store, &lease);
    assert_eq!(second, DeploymentId(2));
    let listed = store.deployments(Some(&production()), 10).unwrap();
    assert_eq!(listed[0].id, second);
    assert_eq!(listed.len(), 2);
}

#[test]
fn what_is_to_be_told_is_recorded_with_what_it_tells_of() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let old = store.take_lease(&production(), "ada", NOW).unwrap();
    let id = create(&store, &old);
    std::fs::remove_file(directory.path().join("locks/production.lock")).unwrap();
    let new = store.take_lease(&production(), "bob", NOW).unwrap();
    let finished = State::Finished {
        outcome: Outcome::RolledBack,
        cause: None,
    };
    let change = Change {
        state: Some(&finished),
        ..Change::default()
    };
    let told = || -> Vec<String> {
        let facts = store.unaddressed_facts(9).unwrap();
        facts.into_iter().map(|one| one.fact.mark).collect()
    };
    // What is refused is not told.
    store.change(&old, id, &change, NOW).unwrap_err();
    assert_eq!(told(), ["d1:started"]);
    store.change(&new, id, &change, NOW).unwrap();
    store.change(&new, id, &change, NOW).unwrap();
    assert_eq!(told(), ["d1:started", "d1:rolled-back"]);
}

#[test]
fn an_abort_reaches_whoever_carries_the_deployment_out() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let lease = store.take_lease(&production(), "ada", NOW).unwrap();
    let id = create(&store, &lease);
    assert_eq!(store.abort_requested(id).unwrap(), None);
    let other = Store::open(directory.path()).unwrap();
    other.request_abort(id, "bob").unwrap();
    assert_eq!(store.abort_requested(id).unwrap().as_deref(), Some("bob"));
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(Store::open(directory.path()).unwrap());
    let raw = rusqlite::Connection::open(directory.path().join("shipway.db")).unwrap();
    raw.pragma_update(None, "user_version", 999).unwrap();
    drop(raw);
    let refused = Store::open(directory.path()).err().unwrap();
    assert!(
        matches!(refused, OpenError::Newer { found: 999, .. }),
        "{refused}"
    );
}

#[test]
fn the_state_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("deep/state");
    Store::open(&state).unwrap();
    let mode = std::fs::metadata(&state).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn secrets_have_versions_and_a_removed_number_is_not_given_again() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    let name: SecretName = "key".parse().unwrap();
    let environment = production();
    let put = |ciphertext: &[u8]| {
        let new = NewSecret {
            environment: &environment,
            name: &name,
            ciphertext,
            recipient: "age1x",
            created_by: "alice",
        };
        store.put_secret(&new, NOW).unwrap()
    };
    assert_eq!((put(b"one"), put(b"two")), (Version(1), Version(2)));
    let at = |version| store.secret(&production(), &name, version).unwrap();
    assert_eq!(at(Version(1)).as_deref(), Some(&b"one"[..]));
    assert_eq!(at(Version(2)).as_deref(), Some(&b"two"[..]));
    assert_eq!(at(Version(3)), None);
    let newest = store.newest_secrets().unwrap();
    assert_eq!(newest["production"][&name], Version(2));
    let listed = store.secrets(&production()).unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(
        (listed[0].version, listed[0].created_by.as_str()),
        (Version(2), "alice")
    );
    assert_eq!(store.secrets_recipient().unwrap().as_deref(), Some("age1x"));

    assert_eq!(store.remove_secret(&production(), &name).unwrap(), 2);
    assert_eq!(at(Version(2)), None);
    assert!(store.newest_secrets().unwrap().is_empty());
    assert_eq!(store.secrets_recipient().unwrap(), None);
    assert_eq!(put(b"three"), Version(3));
}

#[test]
fn a_list_tells_of_deployments_what_their_records_say() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let lease = store.take_lease(&production(), "ada", NOW).unwrap();
    let first = create(&store, &lease);
    let live = occupant(first);
    let finished = State::Finished {
        outcome: Outcome::RolledBack,
        cause: None,
    };
    let change = Change {
        state: Some(&finished),
        live: Some(Some(&live)),
        ..Change::default()
    };
    store
        .change(&lease, first, &change, Timestamp(2000))
        .unwrap();
    let new = NewDeployment {
        release: "r0123456789ab".parse().unwrap(),
        subject: "r1".to_owned(),
        request: None,
        requested_by: "bob".to_owned(),
        now: Timestamp(3000),
    };
    let on_it = |id| Plan {
        previous: Some(live.clone()),
        ..plan(id)
    };
    let second = store.create_deployment(&lease, &new, on_it).unwrap().id;

    let listed = store.summaries(Some(&production()), None, 9).unwrap();
    assert_eq!(store.summaries(None, None, 9).unwrap(), listed);
    assert_eq!(store.summaries(None, Some(second), 9).unwrap(), listed[1..]);
    assert_eq!(store.summary(first).unwrap().as_ref(), Some(&listed[1]));
    for one in &listed {
        let record = store.deployment(one.id).unwrap().unwrap();
        assert_eq!(one.environment, record.plan.environment);
        assert_eq!(one.kind, record.plan.kind);
        assert_eq!(one.release, record.plan.target.release);
        assert_eq!(one.state, record.state.name(&record.plan));
        let previous = record.plan.previous.map(|before| before.release);
        assert_eq!(one.previous, previous);
        assert_eq!(one.requested_by, record.requested_by);
        assert_eq!((one.created, one.changed), (record.created, record.changed));
        // Nobody recorded the release.
        assert_eq!(one.commit, None);
    }
    assert_eq!(listed[1].outcome, Some(Outcome::RolledBack));
    assert_eq!((listed[0].outcome, listed[0].state), (None, "queued"));

    let nowhere: EnvironmentName = "nowhere".parse().unwrap();
    let both = store.overviews([&nowhere, &production()]).unwrap();
    assert_eq!(both[0].environment.live, None);
    assert_eq!(both[1].environment.live.as_ref(), Some(&live));
    assert_eq!(both[1].unfinished.as_ref(), Some(&listed[0]));
    assert_eq!(both[1].holder.as_ref().unwrap().owner, "ada");
}
