//! A state directory and a repository of their own for each test, and ways to wait without sleep.

use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use shipway_compose::model::Service;
use shipway_compose::{NoFiles, Request, SourceFile, load};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{DeploymentId, Epoch};
use shipway_pipeline::route::RouteKey;
use shipway_runtime::process::{Launcher, ProcessRuntime};
use shipway_runtime::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, FileContents, Instance, Line, Origin,
    Runtime, State, TaskSpec,
};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Nothing here takes as long on any machine; a test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A project in a repository, and a runtime with its state.
pub(crate) struct World {
    pub(crate) home: TempDir,
    pub(crate) runtime: ProcessRuntime,
    commit: String,
}

impl World {
    /// A repository with one commit of these files; those ending in `.sh` are executable.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let repository = home.path().join("repository");
        fs::create_dir(&repository).unwrap();
        git(&repository, &["init", "--quiet"]);
        let mut world = Self {
            runtime: runtime(&home.path().join("state")),
            home,
            commit: String::new(),
        };
        world.commit(files);
        world
    }

    /// Adds a commit.
    pub(crate) fn commit(&mut self, files: &[(&str, &str)]) {
        let repository = self.repository();
        for (name, content) in files {
            let path = repository.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            if name.ends_with(".sh") {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        git(&repository, &["add", "--all"]);
        git(
            &repository,
            &["commit", "--quiet", "--allow-empty", "--message", "x"],
        );
        self.commit = git(&repository, &["rev-parse", "HEAD"]);
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.home.path().join("repository")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.home.path().join("state").canonicalize().unwrap()
    }

    pub(crate) fn request(&self, services: &[Service]) -> BuildRequest {
        BuildRequest {
            at: key().route,
            repository: self.repository(),
            subdirectory: PathBuf::new(),
            commit: self.commit.clone(),
            services: services.to_vec(),
            model: None,
            origin: Origin::default(),
            registry: None,
            platforms: vec![],
            secrets: [].into(),
            deadline: PATIENCE,
        }
    }

    pub(crate) async fn build(&self, services: &[Service]) -> Artifact {
        self.try_build(&self.request(services)).await.0.unwrap()
    }

    /// Builds, with what was written.
    pub(crate) async fn try_build(
        &self,
        request: &BuildRequest,
    ) -> (Result<Artifact, Error>, Vec<Line>) {
        let (sender, receiver) = unbounded_channel();
        let built = self.runtime.build(request, &sender).await;
        drop(sender);
        (built, drained(receiver))
    }

    /// What deployment `number` starts, under an epoch of the same number.
    pub(crate) async fn spec(&self, number: u64, yaml: &str) -> ColourSpec {
        let services = services(yaml);
        ColourSpec {
            key: key(),
            release: "r0123456789ab".parse().unwrap(),
            deployment: DeploymentId(number),
            epoch: Epoch(number),
            artifact: self.build(&services).await,
            services,
            model: None,
            files: FileContents::new(),
        }
    }

    pub(crate) async fn start(&self, number: u64, yaml: &str) -> ColourSpec {
        let spec = self.spec(number, yaml).await;
        self.runtime.start(&spec).await.unwrap();
        spec
    }

    /// A task that borrows the only service of the spec, with this line for a shell.
    pub(crate) fn task(&self, spec: &ColourSpec, line: &str) -> TaskSpec {
        let mut colour = spec.clone();
        let words = ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
        colour.services[0].process.as_mut().unwrap().command = Some(words);
        TaskSpec {
            name: "task".to_owned(),
            colour,
            variables: [].into(),
            deadline: PATIENCE,
        }
    }

    pub(crate) async fn list(&self) -> Vec<Instance> {
        self.runtime.list(&key()).await.unwrap()
    }

    /// The one instance with this name.
    pub(crate) async fn instance(&self, id: &str) -> Instance {
        let id = id.parse().unwrap();
        let mut all = self.list().await.into_iter();
        all.find(|instance| instance.id == id).unwrap()
    }

    /// Waits until the instance is as wanted.
    pub(crate) async fn until(&self, id: &str, is_wanted: impl Fn(&Instance) -> bool) -> Instance {
        let mut last = None;
        eventually(async || {
            let instance = self.instance(id).await;
            let found = is_wanted(&instance).then(|| instance.clone());
            last = Some(instance);
            found
        })
        .await
        .unwrap_or_else(|| panic!("never as wanted, last: {last:?}"))
    }

    /// Waits until the instance's log holds a line, and gives that line.
    pub(crate) async fn until_logged(&self, id: &str, text: &str) -> String {
        let mut last = Vec::new();
        eventually(async || {
            last = self.logs(id, 1000).await;
            last.iter().find(|line| line.contains(text)).cloned()
        })
        .await
        .unwrap_or_else(|| panic!("`{text}` never logged: {last:?}"))
    }

    pub(crate) async fn logs(&self, id: &str, lines: usize) -> Vec<String> {
        let id = id.parse().unwrap();
        self.runtime.logs(&key(), &id, lines).await.unwrap()
    }

    /// The supervisor of an instance.
    pub(crate) fn supervisor(&self, id: &str) -> u32 {
        let path = self.instance_directory(id).join("status.json");
        let status: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        status["supervisor"]["pid"]
            .as_u64()
            .unwrap()
            .try_into()
            .unwrap()
    }

    pub(crate) fn instance_directory(&self, id: &str) -> PathBuf {
        self.state().join("run/shop/production/blue").join(id)
    }
}

impl Drop for World {
    /// Leaves no supervisor behind, whatever became of the test.
    fn drop(&mut self) {
        for entry in walk(&self.state()) {
            let status = entry.join("status.json");
            let Ok(text) = fs::read(&status) else {
                continue;
            };
            let Ok(status) = serde_json::from_slice::<serde_json::Value>(&text) else {
                continue;
            };
            let pid = status["supervisor"]["pid"].as_u64().unwrap_or_default();
            let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            // Only if the pid is still that supervisor's: its command names the directory.
            let needle = entry.to_str().unwrap_or("?").as_bytes().to_vec();
            if command.windows(needle.len()).any(|window| window == needle) {
                kill(pid.try_into().unwrap(), rustix::process::Signal::TERM);
            }
        }
    }
}

fn walk(state: &Path) -> Vec<PathBuf> {
    let mut directories = vec![state.join("run")];
    for _ in 0..4 {
        directories = directories
            .iter()
            .filter_map(|directory| fs::read_dir(directory).ok())
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
    }
    directories
}

/// A runtime with this state directory.
pub(crate) fn runtime(state: &Path) -> ProcessRuntime {
    ProcessRuntime::try_new(state, launcher()).unwrap()
}

/// The example beside the directory of test binaries.
pub(crate) fn launcher() -> Launcher {
    let deps = std::env::current_exe().unwrap();
    let program = deps.parent().unwrap().with_file_name("examples/supervise");
    assert!(
        program.exists(),
        "the example `supervise` is not built: run `cargo build --package shipway-runtime --examples`"
    );
    Launcher::new(program, ["supervise"])
}

/// The slot that the tests use.
pub(crate) fn key() -> ColourKey {
    ColourKey {
        route: RouteKey {
            project: "shop".parse().unwrap(),
            environment: "production".parse().unwrap(),
        },
        slot: Slot::Blue,
    }
}

/// Reads services from a Compose file's text.
pub(crate) fn services(yaml: &str) -> Vec<Service> {
    let files = [SourceFile {
        name: "compose.yml".into(),
        text: yaml.into(),
    }];
    let loaded = load(&Request::new(&files, "/srv/shop"), &mut NoFiles).unwrap();
    loaded.project.services.into_values().collect()
}

/// A service that runs one script of the repository, with more lines of its definition.
pub(crate) fn web(script: &str, more: &str) -> String {
    let mut yaml =
        format!("services:\n  web:\n    command: [{script:?}]\n    x-shipway: {{process: {{}}}}\n");
    for line in more.lines() {
        yaml.push_str(&format!("    {}\n", line.trim_start()));
    }
    yaml
}

/// Polls until there is a value; `None` when patience ends.
pub(crate) async fn eventually<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = attempt().await {
            return Some(value);
        }
        if Instant::now() > deadline {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits for what must come, within patience.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}

/// Whether the process can still do anything.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned());
    state.is_some_and(|state| !state.starts_with(['Z', 'X']))
}

/// Waits until the process is gone.
pub(crate) async fn until_gone(pid: u32) {
    let gone = eventually(async || (!is_alive(pid)).then_some(())).await;
    assert!(gone.is_some(), "process {pid} stays");
}

pub(crate) fn kill(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    // It may be gone already.
    let _ = rustix::process::kill_process(pid, signal);
}

pub(crate) fn pid_of(instance: &Instance) -> u32 {
    match instance.state {
        State::Running { pid, .. } => pid,
        _ => panic!("does not run: {instance:?}"),
    }
}

pub(crate) fn has_exited(instance: &Instance) -> bool {
    matches!(instance.state, State::Exited { .. })
}

/// The number that ends a line.
pub(crate) fn number_in(line: &str) -> u32 {
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

pub(crate) fn drained(mut receiver: UnboundedReceiver<Line>) -> Vec<Line> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

fn git(repository: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(["-c", "commit.gpgsign=false", "-C"])
        .arg(repository)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
