//! A project with a real store and a world in memory.

mod interfere;
mod samples;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipway_engine::Engine;
use shipway_engine::database::Databases;
use shipway_engine::deploy::{Finished, Request};
use shipway_engine::event::{Event, Reporter};
use shipway_engine::observe::Surroundings;
use shipway_engine::project::Project;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::config;
use shipway_pipeline::deployment::{Outcome, State};
use shipway_pipeline::id::{DeploymentId, InstanceId, ReleaseId};
use shipway_pipeline::journal::Entry;
use shipway_pipeline::plan::{Action, Kind, Occupant, Plan};
use shipway_store::{Deployment, Keyring, Store};
use shipway_testkit::fakes::World;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

pub(crate) use interfere::{POINTS, done, fault, interfere, nobody, undisturbed, until_crash};
pub(crate) use samples::{key, production, release, web, workload};

use crate::journal::unannounced;

/// On whose behalf the engines of a rig act.
pub(crate) const ACTOR: &str = "alice";

/// As many releases as any test deploys.
const RELEASES: u32 = 4;

/// Where a state directory costs no disk: thousands of them are made, and the store syncs each
/// transaction.
const MEMORY: &str = "/dev/shm";

/// What differs between configurations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) strategy: &'static str,
    pub(crate) replicas: u32,
    pub(crate) bake: &'static str,
    pub(crate) health: &'static str,
}

/// A project with a real store and a world in memory.
pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) project: Project,
    /// For those who look; each engine has its own.
    pub(crate) store: Arc<Store>,
    settings: Settings,
    directory: TempDir,
    engines: Cell<u32>,
}

/// How far a deployment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    Untouched,
    Touched,
    Stable,
    Reverting,
}

// === impl Settings ===

impl Settings {
    pub(crate) fn new(strategy: &'static str) -> Self {
        Self {
            strategy,
            replicas: if strategy == "rolling" { 3 } else { 2 },
            bake: "{ duration: 1ms, interval: 1ms, min_requests: 0 }",
            health: "{ interval: 50ms, healthy_for: 100ms, deadline: 20s }",
        }
    }

    fn text(&self) -> String {
        let Self {
            strategy,
            bake,
            health,
            ..
        } = self;
        format!(
            "project: shop
services:
  web: {{ role: web }}
  worker: {{ role: worker }}
  beat: {{ role: singleton }}
  db: {{ role: stateful }}
migrate: {{ service: web, command: migrate, timeout: 10s }}
environments:
  staging:
    route: {{ listen: 8081 }}
    bake: {bake}
  production:
    from: staging
    strategy: {strategy}
    route: {{ listen: 8080 }}
    health: {health}
    bake: {bake}
    drain: {{ timeout: 1s, streaming: 2s }}
    timeouts: {{ start: 10s, switch: 5s }}
"
        )
    }
}

// === impl Rig ===

impl Rig {
    pub(crate) fn new(strategy: &'static str) -> Self {
        Self::with(Settings::new(strategy))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let world = World::new();
        world.singleton("beat");
        let rig = Self::over(world, settings, temporary());
        for number in 1..=RELEASES {
            rig.store
                .put_release(&release(number))
                .expect("a release is recorded");
        }
        rig
    }

    /// Another project whose state and world are as this one's are now.
    pub(crate) fn fork(&self) -> Self {
        let directory = temporary();
        let (from, to) = (state(&self.directory), state(&directory));
        std::fs::create_dir(&to).expect("the state directory is made");
        // The log holds what was not yet moved into the database.
        for file in ["shipway.db", "shipway.db-wal"] {
            std::fs::copy(from.join(file), to.join(file)).expect("the state is copied");
        }
        Self::over(self.world.fork(), self.settings, directory)
    }

    fn over(world: World, settings: Settings, directory: TempDir) -> Self {
        let config = config::parse(&settings.text()).expect("a valid configuration");
        let store = Arc::new(open(&directory));
        let journal = Arc::clone(&store);
        world.observe(move |call| unannounced(&journal, call));
        Self {
            world,
            project: Project {
                directory: directory.path().to_owned(),
                config,
                secrets: BTreeMap::new(),
            },
            store,
            settings,
            directory,
            engines: Cell::new(0),
        }
    }

    /// Does without the comparison of journal and effects, which costs most of the time.
    pub(crate) fn unobserved(&self) {
        self.world.observe(|_| None);
    }

    /// Another engine.
    pub(crate) fn engine(&self) -> Engine {
        self.engine_and_events().0
    }

    pub(crate) fn engine_and_events(&self) -> (Engine, UnboundedReceiver<Event>) {
        self.engines.set(self.engines.get() + 1);
        let (sender, events) = unbounded_channel();
        let engine = Engine {
            // Opened anew, as another process would.
            store: Arc::new(open(&self.directory)),
            runtime: Arc::new(self.world.runtime()),
            router: Arc::new(self.world.router()),
            databases: Databases::default(),
            keyring: Keyring::of_file(self.directory.path().join("age-identity.txt")),
            reporter: Reporter::new(sender),
            owner: format!("engine-{}", self.engines.get()),
            actor: ACTOR.to_owned(),
        };
        (engine, events)
    }

    /// Asks for a release in production.
    pub(crate) fn request(&self, number: u32) -> Request<'_> {
        Request {
            project: &self.project,
            environment: self
                .project
                .environment("production")
                .expect("it is configured"),
            release: release(number),
            workload: workload(number, self.settings.replicas),
            kind: Kind::Deploy,
            request: None,
            incoming: None,
            wait: false,
            thaw: false,
            agreed: None,
            surroundings: Surroundings::default(),
        }
    }

    pub(crate) fn rollback(&self, number: u32) -> Request<'_> {
        Request {
            kind: Kind::Rollback,
            ..self.request(number)
        }
    }

    /// Deploys to the end, with an engine of its own.
    pub(crate) async fn deploy(&self, request: &Request<'_>) -> Finished {
        let finished = self.engine().deploy(request, &mut nobody()).await;
        finished.expect("it is carried out")
    }

    /// Deploys releases that are fine, one after the other. From then on somebody always answers.
    pub(crate) async fn deploy_all(&self, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            let finished = self.deploy(&self.request(number)).await;
            assert_eq!(finished.outcome, Outcome::Succeeded, "{:?}", finished.cause);
            self.world.keep_serving(&key());
        }
    }

    /// Goes on with what was interrupted, with an engine of its own.
    pub(crate) async fn resume(&self) -> Option<Finished> {
        let resumed = self.engine();
        let resumed = resumed.resume(&production(), false, &mut nobody()).await;
        resumed.expect("it is carried on")
    }

    /// The deployment that is not over.
    pub(crate) fn unfinished(&self) -> Option<Deployment> {
        let unfinished = self.store.unfinished(&production());
        unfinished.expect("the record can be read")
    }

    pub(crate) fn entries(&self, id: DeploymentId) -> Vec<Entry> {
        let journal = self.store.journal(id).expect("the journal can be read");
        journal.into_iter().map(|record| record.entry).collect()
    }

    // --- what must be so ---

    /// A release is live and stable, whole, and nothing else is there.
    pub(crate) fn assert_live(&self, number: u32) {
        let record = self.store.environment(&production());
        let record = record.expect("the record can be read");
        let live = record.live.expect("something is live");
        assert_eq!(live.release, release(number).id, "what is live");
        assert_eq!(record.stable, Some(live.clone()), "what is stable");
        assert_eq!(record.frozen, None);
        assert_eq!(self.unfinished(), None);
        self.assert_sound();
        self.assert_routed(&live);
        assert_eq!(self.instances(live.colour.into()), expected(&live));
        assert_eq!(self.instances(live.colour.other().into()), []);
    }

    /// Nothing is live, and nothing is there besides what is shared.
    pub(crate) fn assert_nothing(&self) {
        let record = self.store.environment(&production());
        let record = record.expect("the record can be read");
        assert_eq!(record.live, None);
        assert_eq!(record.stable, None);
        assert_eq!(self.unfinished(), None);
        self.assert_sound();
        let route = self.world.route(&key());
        assert!(route.is_none_or(|route| route.backends.is_empty()));
        assert_eq!(self.instances(Slot::Blue), []);
        assert_eq!(self.instances(Slot::Green), []);
    }

    /// One release is live and whole, or nothing.
    pub(crate) fn assert_whole(&self, number: Option<u32>) {
        match number {
            Some(number) => self.assert_live(number),
            None => self.assert_nothing(),
        }
    }

    /// Nothing was broken of what must always hold.
    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        let violations = self.world.violations();
        assert!(violations.is_empty(), "{violations:#?}");
    }

    fn assert_routed(&self, live: &Occupant) {
        assert!(!self.world.is_held(&key()), "requests wait");
        let route = self.world.route(&key()).expect("something is routed");
        let routed: Vec<_> = route
            .backends
            .iter()
            .map(|backend| {
                (
                    backend.colour,
                    backend.deployment,
                    backend.instance.to_string(),
                )
            })
            .collect();
        let wanted: Vec<_> = (1..=self.settings.replicas)
            .map(|number| (live.colour, live.deployment, format!("web-{number}")))
            .collect();
        assert_eq!(routed, wanted);
    }

    /// What is alive in a slot: of which deployment and of which release.
    pub(crate) fn instances(&self, slot: Slot) -> Vec<(InstanceId, DeploymentId, ReleaseId)> {
        let members = self.world.members(&key(), slot);
        members
            .into_iter()
            .map(|member| {
                assert_eq!(member.ended, None, "{}", member.id);
                (member.id, member.deployment, member.release)
            })
            .collect()
    }
}

fn temporary() -> TempDir {
    let memory = Path::new(MEMORY);
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a temporary directory")
}

fn state(directory: &TempDir) -> PathBuf {
    directory.path().join("state")
}

fn open(directory: &TempDir) -> Store {
    Store::open(&state(directory)).expect("the state opens")
}

fn expected(live: &Occupant) -> Vec<(InstanceId, DeploymentId, ReleaseId)> {
    let mut all: Vec<_> = live
        .sizes
        .iter()
        .flat_map(|(service, size)| {
            (1..=*size).map(|number| InstanceId {
                service: service.clone(),
                number,
            })
        })
        .map(|id| (id, live.deployment, live.release.clone()))
        .collect();
    all.sort();
    all
}

// === impl Stand ===

impl Stand {
    pub(crate) fn of(deployment: &Deployment) -> Self {
        match &deployment.state {
            State::Queued => Self::Untouched,
            State::Advancing { step } | State::Baking { step, .. } => {
                Self::at(&deployment.plan, *step)
            }
            State::Reverting { .. } => Self::Reverting,
            State::Finished { .. } => panic!("{} is over", deployment.id),
        }
    }

    pub(crate) fn at(plan: &Plan, step: usize) -> Self {
        let mut before = plan.steps.iter().take(step);
        if before.any(|step| step.action == Action::MarkStable) {
            Self::Stable
        } else if step >= plan.revert.touched_from {
            Self::Touched
        } else {
            Self::Untouched
        }
    }
}
