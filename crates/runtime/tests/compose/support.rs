//! A project of its own on the engine for each test, gone with it; an image of a few programs.

use std::fs;
use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use shipway_compose::model::Service;
use shipway_compose::yaml::{Limits, parse};
use shipway_compose::{NoFiles, Request, SourceFile, load};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{DeploymentId, Epoch, InstanceId};
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::time::Timestamp;
use shipway_pipeline::workload::Model;
use shipway_runtime::compose::{Cli, ComposeRuntime};
use shipway_runtime::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, Exit, FileContents, Form, Instance, Line,
    Origin, Runtime, State, TaskSpec,
};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Nothing here takes as long on any machine; a test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The image that all tests run: busybox and nothing else.
pub(crate) const IMAGE: &str = "shipway-test/busybox:1";

/// What Docker Compose says of its containers.
const COMPOSE_PROJECT: &str = "com.docker.compose.project";

/// A script that says "ending" when it is told to, and ends a second later.
pub(crate) const ENDS_SLOWLY: &str =
    "trap 'echo ending; sleep 1; exit 0' TERM; while :; do sleep 0.05; done";

/// A project on the engine.
pub(crate) struct World {
    pub(crate) home: TempDir,
    pub(crate) runtime: ComposeRuntime,
    pub(crate) project: String,
}

impl World {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        provide_image();
        let home = tempfile::tempdir().unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            runtime: runtime(&home.path().join("state")),
            home,
            project: format!("t{}-{number}", std::process::id()),
        }
    }

    /// Gets what is missing of an artifact; whether all of it is here then.
    pub(crate) async fn fetch(&self, artifact: &Artifact) -> bool {
        let (output, _lines) = tokio::sync::mpsc::unbounded_channel();
        let key = self.key(Slot::Shared);
        let fetched = self.runtime.fetch_artifact(&key.route, artifact, &output);
        fetched.await.unwrap()
    }

    pub(crate) fn key(&self, slot: Slot) -> ColourKey {
        ColourKey {
            route: RouteKey {
                project: self.project.parse().unwrap(),
                environment: "testing".parse().unwrap(),
            },
            slot,
        }
    }

    /// The document of a Compose file, with the networks and volumes of this project.
    fn document(&self, services: &str) -> String {
        let name = format!("{}-testing", self.project);
        format!(
            "name: {name}\nservices:\n{services}\nnetworks:\n  default: {{name: {name}_default}}\nvolumes:\n  data: {{name: {name}_data}}\n"
        )
    }

    /// What deployment `number` starts, under an epoch of the same number.
    pub(crate) fn spec(
        &self,
        number: u64,
        slot: Slot,
        services: &str,
        sizes: &[(&str, u32)],
    ) -> ColourSpec {
        let document = self.document(services);
        let all = read(&document);
        let wanted = sizes.iter().map(|(name, replicas)| {
            let mut service = all.iter().find(|one| one.name == *name).unwrap().clone();
            service.replicas = *replicas;
            service
        });
        ColourSpec {
            key: self.key(slot),
            release: "r0123456789ab".parse().unwrap(),
            deployment: DeploymentId(number),
            epoch: Epoch(number),
            artifact: Artifact {
                form: Form::Image,
                digests: sizes
                    .iter()
                    .map(|(name, _)| ((*name).to_owned(), IMAGE.to_owned()))
                    .collect(),
                platforms: vec![],
            },
            services: wanted.collect(),
            model: Some(Model {
                document,
                directory: self.home.path().display().to_string(),
                listens: [("web".to_owned(), 8000)].into(),
                host: None,
                adopt: None,
            }),
            files: FileContents::new(),
        }
    }

    pub(crate) fn task(&self, number: u64, name: &str, service: &str, line: &str) -> TaskSpec {
        let mut colour = self.spec(number, Slot::Blue, service, &[("web", 1)]);
        colour.services[0].command = Some(["sh", "-c", line].map(str::to_owned).to_vec());
        TaskSpec {
            name: name.to_owned(),
            colour,
            variables: [].into(),
            deadline: PATIENCE,
        }
    }

    /// Runs a task on the blue network and returns how it ended and what it wrote.
    pub(crate) async fn run(&self, task: &TaskSpec) -> (Result<Exit, Error>, Vec<String>) {
        let (sender, receiver) = unbounded_channel();
        let exit = self.runtime.run_task(task, &sender).await;
        drop(sender);
        (exit, texts(receiver))
    }

    pub(crate) async fn list(&self, slot: Slot) -> Vec<Instance> {
        self.runtime.list(&self.key(slot)).await.unwrap()
    }

    /// Waits until an instance is as wanted.
    pub(crate) async fn until(
        &self,
        slot: Slot,
        id: &str,
        is_wanted: impl Fn(&Instance) -> bool,
    ) -> Instance {
        let id: InstanceId = id.parse().unwrap();
        eventually(|| async {
            let found = self.list(slot).await;
            found.into_iter().find(|one| one.id == id && is_wanted(one))
        })
        .await
    }

    /// The engine's ids of the containers of a slot.
    pub(crate) fn container_ids(&self, slot: Slot) -> Vec<String> {
        let project = format!("label=shipway.project={}", self.project);
        let slot = format!("label=shipway.slot={slot}");
        let mut ids = lines(&docker(&[
            "ps",
            "-aq",
            "--no-trunc",
            "--filter",
            &project,
            "--filter",
            &slot,
        ]));
        ids.sort();
        ids
    }

    /// A container that runs a script, of a service of a Compose project that somebody else has.
    pub(crate) fn of_somebody_else(&self, service: &str, script: &str) -> String {
        let project = format!("--label={COMPOSE_PROJECT}={}", self.project);
        let service = format!("--label=com.docker.compose.service={service}");
        let run = [
            "run", "--detach", &project, &service, IMAGE, "sh", "-c", script,
        ];
        docker(&run).trim().to_owned()
    }

    /// A repository with one commit of these files, and a request to build it.
    pub(crate) fn repository(&self, files: &[(&str, &str)], services: &str) -> BuildRequest {
        let repository = self.home.path().join("repository");
        fs::create_dir_all(&repository).unwrap();
        git(&repository, &["init", "--quiet"]);
        for (name, content) in files {
            fs::write(repository.join(name), content).unwrap();
        }
        fs::copy("/bin/busybox", repository.join("busybox")).unwrap();
        git(&repository, &["add", "--all"]);
        git(&repository, &["commit", "--quiet", "--message=x"]);
        let directory = repository.display().to_string();
        let document = self.document(&services.replace("DIRECTORY", &directory));
        BuildRequest {
            at: self.key(Slot::Shared).route,
            commit: git(&repository, &["rev-parse", "HEAD"]),
            repository,
            subdirectory: PathBuf::new(),
            services: read(&document),
            model: Some(Model {
                document,
                directory,
                listens: [].into(),
                host: None,
                adopt: None,
            }),
            origin: Origin {
                committed: Timestamp(1_700_000_000_000),
                source: Some("https://example.org/shop.git".to_owned()),
                version: Some("v1".to_owned()),
            },
            registry: None,
            platforms: vec![],
            secrets: [].into(),
            deadline: PATIENCE,
        }
    }

    pub(crate) async fn build(
        &self,
        request: &BuildRequest,
    ) -> (Result<Artifact, Error>, Vec<String>) {
        let (sender, receiver) = unbounded_channel();
        let artifact = self.runtime.build(request, &sender).await;
        drop(sender);
        (artifact, texts(receiver))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let label = format!("label=shipway.project={}", self.project);
        let theirs = format!("label={COMPOSE_PROJECT}={}", self.project);
        for label in [&label, &theirs] {
            for id in lines(&docker(&["ps", "-aq", "--filter", label])) {
                docker(&["rm", "--force", "--volumes", &id]);
            }
        }
        for kind in ["network", "volume"] {
            for id in lines(&docker(&[kind, "ls", "-q", "--filter", &label])) {
                docker(&[kind, "rm", &id]);
            }
        }
    }
}

/// A service that ends slowly.
pub(crate) fn ends_slowly() -> String {
    format!(
        "  web:\n    image: x\n    command: [sh, -c, \"{ENDS_SLOWLY}\"]\n    networks: {{default: null}}\n    stop_grace_period: 60s\n"
    )
}

pub(crate) fn runtime(state: &Path) -> ComposeRuntime {
    let cli = match std::env::var_os("SHIPWAY_COMPOSE") {
        Some(program) => Cli::plugin(program),
        None => Cli::docker(),
    };
    ComposeRuntime::try_new(state, "unix:///var/run/docker.sock", cli).unwrap()
}

/// Reads services from a document's text.
fn read(document: &str) -> Vec<Service> {
    parse(document, 0, Limits::default()).unwrap();
    let files = [SourceFile {
        name: "compose.yml".into(),
        text: document.into(),
    }];
    let loaded = load(&Request::new(&files, "/srv/shop"), &mut NoFiles).unwrap();
    loaded.project.services.into_values().collect()
}

/// Asks until there is an answer.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < until, "it did not happen in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn docker(arguments: &[&str]) -> String {
    String::from_utf8(docker_bytes(arguments)).unwrap()
}

pub(crate) fn docker_bytes(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("docker").args(arguments).output().unwrap();
    output.stdout
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn texts(mut receiver: UnboundedReceiver<Line>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Ok(line) = receiver.try_recv() {
        texts.push(line.text);
    }
    texts
}

/// Makes the image of tests unless the engine has it.
fn provide_image() {
    let has_image = || !docker(&["image", "ls", "-q", IMAGE]).trim().is_empty();
    if has_image() {
        return;
    }
    let context = tempfile::tempdir().unwrap();
    fs::copy("/bin/busybox", context.path().join("busybox")).unwrap();
    let tar = Command::new("tar")
        .args(["-c", "--transform=s,^busybox,bin/busybox,", "busybox"])
        .current_dir(context.path())
        .output()
        .unwrap();
    let import = [
        "import",
        "--change",
        "ENV PATH=/bin",
        "-",
        "shipway-test/busybox:bare",
    ];
    feed(&import, &tar.stdout);
    // Links to each program need a program to make them.
    let file = "FROM shipway-test/busybox:bare\nRUN [\"/bin/busybox\", \"--install\", \"/bin\"]\n";
    feed(&["build", "--tag", IMAGE, "-"], file.as_bytes());
    assert!(has_image(), "the image of the tests cannot be made");
}

fn feed(arguments: &[&str], input: &[u8]) {
    let mut child = Command::new("docker")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    assert!(child.wait().unwrap().success());
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn is_running(instance: &Instance) -> bool {
    matches!(instance.state, State::Running { .. })
}
