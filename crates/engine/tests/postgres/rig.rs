//! An engine whose environment's database is one of a real PostgreSQL server; what runs releases
//! and routes requests is in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_compose::model::Service;
use shipway_compose::process::Process;
use shipway_engine::backup::BackupError;
use shipway_engine::database::{Databases, Server};
use shipway_engine::deploy::{Finished, Request};
use shipway_engine::event::Reporter;
use shipway_engine::project::Project;
use shipway_engine::{Engine, Interrupt};
use shipway_pipeline::backup::{Backup, Reason};
use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{Incoming, Kind};
use shipway_pipeline::release::Release;
use shipway_pipeline::role::Role;
use shipway_pipeline::time::Timestamp;
use shipway_pipeline::workload::{self, Member, Workload};
use shipway_store::{Keyring, Store};
use shipway_testkit::PostgresServer;
use shipway_testkit::fakes::World;
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

const CONFIGURATION: &str = "\
project: shop
services:
  web: { role: web }
database: { url: '${SHOP_URL}' }
environments:
  production:
    route: { listen: 8080 }
    health: { interval: 50ms, healthy_for: 0s }
    bake: { duration: 0s }
    backup: { before_deploy: false }
";

/// A project, its engine, and a server with the database `shop`.
pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) world: World,
    pub(crate) postgres: PostgresServer,
    directory: TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::on(PostgresServer::new())
    }

    /// The same on this server.
    pub(crate) fn on(postgres: PostgresServer) -> Self {
        postgres.say("postgres", "CREATE DATABASE shop");
        let directory = tempfile::tempdir().unwrap();
        let variables = format!("SHOP_URL={}\n", postgres.url("shop"));
        std::fs::write(directory.path().join(".env"), variables).unwrap();
        std::fs::write(directory.path().join("shipway.yml"), CONFIGURATION).unwrap();
        let project = Project::find(directory.path()).unwrap();
        let world = World::new();
        let engine = Engine {
            store: Arc::new(Store::open(&directory.path().join("state")).unwrap()),
            runtime: Arc::new(world.runtime()),
            router: Arc::new(world.router()),
            databases: Databases::of_project(&project),
            keyring: Keyring::of_file(directory.path().join("age-identity.txt")),
            // Nobody listens.
            reporter: Reporter::new(unbounded_channel().0),
            owner: "engine".to_owned(),
            actor: "alice".to_owned(),
        };
        Self {
            engine,
            world,
            postgres,
            directory,
        }
    }

    pub(crate) fn project(&self) -> &Path {
        self.directory.path()
    }

    /// The database `shop`, as the engine finds it.
    pub(crate) fn server(&self) -> Server {
        let production = "production".parse().unwrap();
        let found = self.engine.database_of(&production, &workload());
        found.unwrap().postgres().unwrap()
    }

    /// Makes a release live, whose database `shop` is from then on.
    pub(crate) async fn deploy(&self, number: u32) {
        let project = Project::find(self.project()).unwrap();
        let environment = project.environment("production").unwrap();
        let release = release(number);
        self.engine.store.put_release(&release).unwrap();
        let what = (release, workload());
        let request = Request::new(&project, environment, what, Kind::Deploy);
        let mut nobody = watch::channel(Interrupt::None).1;
        let finished = self.engine.deploy(&request, &mut nobody).await.unwrap();
        assert_eq!(finished.outcome, Outcome::Succeeded, "{:?}", finished.cause);
    }

    /// Restores a backup, beside what the test does meanwhile.
    pub(crate) fn restore(&self, backup: &Backup) -> JoinHandle<Finished> {
        let (engine, backup) = (self.engine.clone(), backup.id);
        let project = Project::find(self.project()).unwrap();
        tokio::spawn(async move {
            let environment = project.environment("production").unwrap();
            let what = (release(1), workload());
            let mut request = Request::new(&project, environment, what, Kind::Restore);
            request.incoming = Some(Incoming::Backup { backup });
            request.surroundings = engine.observe(&request).await.unwrap();
            let mut nobody = watch::channel(Interrupt::None).1;
            engine.deploy(&request, &mut nobody).await.unwrap()
        })
    }

    pub(crate) fn production() -> EnvironmentName {
        "production".parse().unwrap()
    }

    pub(crate) async fn back_up(&self) -> Result<Backup, BackupError> {
        let production = Self::production();
        self.engine.create_backup(&production, Reason::Asked).await
    }

    /// The same engine, with what it now reads of the project.
    pub(crate) fn configured(mut self, backup: &str) -> Self {
        let text = CONFIGURATION.replace("backup: { before_deploy: false }", backup);
        std::fs::write(self.project().join("shipway.yml"), text).unwrap();
        let project = Project::find(self.project()).unwrap();
        self.engine.databases = Databases::of_project(&project);
        self
    }

    /// The names of the database `shop` and of what stands beside it.
    pub(crate) fn databases(&self) -> String {
        let sql = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database \
                   WHERE datname LIKE 'shop%'";
        self.postgres.say("postgres", sql)
    }

    /// The names of the files in the directory of backups.
    pub(crate) fn files(&self) -> Vec<String> {
        let folder = self.project().join("state/backups/production");
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".lock"))
            .collect();
        names.sort();
        names
    }

    pub(crate) async fn until(&self, mut is_so: impl AsyncFnMut() -> bool) {
        let began = Instant::now();
        while !is_so().await {
            assert!(began.elapsed() < PATIENCE, "it did not become so");
            // What it waits for may be at work in this very thread.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Why a deployment was not what was asked for.
pub(crate) fn why(finished: &Finished) -> String {
    let cause = finished.cause.as_ref();
    cause.map(ToString::to_string).unwrap_or_default()
}

pub(crate) fn workload() -> Workload {
    Workload {
        version: workload::VERSION,
        members: vec![Member {
            name: "web".parse().unwrap(),
            role: Role::Web,
            service: service(),
        }],
        routed: "web".parse().unwrap(),
        left_out: vec![],
        model: None,
        files: vec![],
    }
}

fn release(number: u32) -> Release {
    Release {
        id: format!("r{number:012x}").parse().unwrap(),
        project: "shop".parse().unwrap(),
        commit: format!("{number:040x}"),
        subject: format!("release {number}"),
        branch: None,
        artifacts: [("web".to_owned(), format!("sha256:{number:064x}"))].into(),
        builds: [].into(),
        platforms: vec![],
        created: Timestamp(u64::from(number)),
        created_by: "alice".to_owned(),
    }
}

fn service() -> Service {
    Service {
        name: "web".to_owned(),
        command: Some(vec!["web".to_owned()]),
        replicas: 1,
        stop_signal: "SIGTERM".to_owned(),
        stop_grace_period: Duration::from_secs(10),
        process: Some(Process::default()),
        ..Service::default()
    }
}
