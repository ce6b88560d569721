//! A project with a real store and a world in memory.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use shipway_compose::model::{Resources, Restart, Service};
use shipway_compose::process::Process;
use shipway_engine::database::Databases;
use shipway_engine::deploy::{DeployError, Finished, Request};
use shipway_engine::event::{Event, Reporter};
use shipway_engine::observe::Surroundings;
use shipway_engine::project::Project;
use shipway_engine::{Engine, Interrupt, Interrupts};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::config;
use shipway_pipeline::deployment::{Outcome, State};
use shipway_pipeline::digest::Digest;
use shipway_pipeline::id::{DeploymentId, InstanceId, ReleaseId};
use shipway_pipeline::journal::Entry;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{Action, Kind, Occupant, Plan};
use shipway_pipeline::release::Release;
use shipway_pipeline::role::Role;
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::time::Timestamp;
use shipway_pipeline::workload::{self, Member, Workload};
use shipway_store::{Deployment, Keyring, Store};
use shipway_testkit::fakes::{Fault, Moment, Of, Then, World};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;

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

// === what tests deploy, and where ===

pub(crate) fn production() -> EnvironmentName {
    "production".parse().expect("a name")
}

pub(crate) fn key() -> RouteKey {
    RouteKey {
        project: "shop".parse().expect("a name"),
        environment: production(),
    }
}

pub(crate) fn web(number: u32) -> InstanceId {
    format!("web-{number}").parse().expect("an instance")
}

pub(crate) fn release(number: u32) -> Release {
    Release {
        id: format!("r{number:012x}").parse().expect("a release id"),
        project: "shop".parse().expect("a name"),
        commit: format!("{number:040x}"),
        subject: format!("release {number}"),
        branch: Some("main".to_owned()),
        artifacts: BTreeMap::from([(
            "web".to_owned(),
            format!("registry/web@sha256:{number:064x}"),
        )]),
        // In a registry, so that its tags are part of every deployment.
        builds: BTreeMap::from([("web".parse().expect("a name"), Digest::of(b"web"))]),
        platforms: vec![],
        created: Timestamp(u64::from(number)),
        created_by: ACTOR.to_owned(),
    }
}

pub(crate) fn workload(release: u32, web: u32) -> Workload {
    let member = |name: &str, role, replicas| Member {
        name: name.parse().expect("a name"),
        role,
        service: service(name, release, replicas),
    };
    Workload {
        version: workload::VERSION,
        members: vec![
            member("web", Role::Web, web),
            member("worker", Role::Worker, 1),
            member("beat", Role::Singleton, 1),
            member("db", Role::Stateful, 1),
        ],
        routed: "web".parse().expect("a name"),
        left_out: vec![],
        model: None,
        files: vec![],
    }
}

fn service(name: &str, release: u32, replicas: u32) -> Service {
    Service {
        name: name.to_owned(),
        span: shipway_compose::yaml::Span::default(),
        image: None,
        build: None,
        command: Some(vec![name.to_owned()]),
        entrypoint: None,
        environment: IndexMap::from([("NUMBER".to_owned(), Some(release.to_string()))]),
        ports: vec![],
        mounts: vec![],
        healthcheck: None,
        depends_on: IndexMap::new(),
        restart: Restart::default(),
        replicas,
        stop_signal: "SIGTERM".to_owned(),
        stop_grace_period: Duration::from_secs(10),
        working_dir: None,
        profiles: vec![],
        labels: IndexMap::new(),
        networks: IndexMap::new(),
        network_mode: None,
        secrets: vec![],
        configs: vec![],
        limits: Resources::default(),
        reservations: Resources::default(),
        container_name: None,
        user: None,
        platform: None,
        links: vec![],
        extra_hosts: vec![],
        process: Some(Process::default()),
    }
}

// === how tests break in ===

/// Nobody interrupts.
pub(crate) fn nobody() -> Interrupts {
    watch::channel(Interrupt::None).1
}

/// Deploys while nobody interrupts.
pub(crate) async fn undisturbed(
    engine: &Engine,
    request: &Request<'_>,
) -> Result<Finished, DeployError> {
    engine.deploy(request, &mut nobody()).await
}

/// At every call before it, and at every effect half-way and after it.
pub(crate) const POINTS: [(Of, Moment); 3] = [
    (Of::Calls, Moment::Before),
    (Of::Effects, Moment::Halfway),
    (Of::Effects, Moment::After),
];

pub(crate) fn fault(at: usize, (of, moment): (Of, Moment), then: Then) -> Fault {
    Fault {
        at,
        of,
        moment,
        then,
    }
}

/// Lets an engine die at the arranged fault; what came of it where the fault was not met.
pub(crate) async fn until_crash<T>(world: &World, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = world.reached() => None,
        out = work => Some(out),
    }
}

/// Does something at the arranged fault while the work goes on; says whether it was met.
pub(crate) async fn interfere<T>(
    world: &World,
    work: impl Future<Output = T>,
    act: impl FnOnce(),
) -> (bool, T) {
    let mut work = pin!(work);
    match until_crash(world, &mut work).await {
        Some(out) => (false, out),
        None => {
            act();
            (true, work.await)
        }
    }
}

/// Unwraps what a deployment came to.
#[track_caller]
pub(crate) fn done(finished: Result<Finished, DeployError>) -> Finished {
    finished.expect("it is carried out")
}
