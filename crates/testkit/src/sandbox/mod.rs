//! A project with its repository, its state and its proxy, apart from everything else.

mod dying;
mod environment;
mod last_words;
mod look;
mod repository;

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tempfile::TempDir;

pub use environment::Environment;

use crate::application::{self, Behaviour};
use crate::containers::Containers;
use crate::guard::Guard;
use crate::port::PortClaim;
use crate::run::{Ended, Running};

/// A project with its repository, its state and its proxy.
///
/// When it is dropped, all of its processes are killed and its directory is removed; the same
/// happens when the test is killed.
#[derive(Debug)]
pub struct Sandbox {
    root: PathBuf,
    name: String,
    containers: Option<Containers>,
    program: PathBuf,
    environments: RefCell<Vec<(Environment, PortClaim)>>,
    variables: RefCell<Vec<(String, String)>>,
    runs: Cell<u32>,
    releases: Cell<u32>,
    /// The most memory that any command had.
    peak: Arc<AtomicU64>,
    // The last field: it removes the directory.
    _guard: Guard,
}

// === impl Sandbox ===

impl Sandbox {
    /// A repository with the application in it, and one environment: `testing`, blue-green, which
    /// takes the branch `main`.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self::with_environments(program, [Environment::new("testing")])
    }

    /// The same with these environments.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn with_environments(
        program: impl Into<PathBuf>,
        environments: impl IntoIterator<Item = Environment>,
    ) -> Self {
        let sandbox = Self::empty(program);
        sandbox.write("docker-compose.yml", application::COMPOSE);
        sandbox.begin(environments);
        sandbox
    }

    /// The same with the application in containers, under a project's name of its own.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn with_containers(
        program: impl Into<PathBuf>,
        environments: impl IntoIterator<Item = Environment>,
    ) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut sandbox = Self::empty(program);
        sandbox.name = format!("app{}-{number}", std::process::id());
        sandbox.containers = Some(Containers::of(&sandbox.name));
        sandbox.write("docker-compose.yml", application::CONTAINERS);
        sandbox.write("Dockerfile", application::DOCKERFILE);
        sandbox.begin(environments);
        sandbox
    }

    fn begin(&self, environments: impl IntoIterator<Item = Environment>) {
        for environment in environments {
            self.add(environment);
        }
        self.write("app.py", application::SOURCE);
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.release(Behaviour::Good);
    }

    /// The names of the containers that exist for the project.
    ///
    /// # Panics
    /// When the sandbox has no containers.
    pub fn containers(&self) -> Vec<String> {
        let containers = self.containers.as_ref();
        containers
            .expect("the application runs in containers")
            .names()
    }

    /// The project's name, as `shipway.yml` has it.
    pub fn project_name(&self) -> &str {
        &self.name
    }

    /// The name of a Compose project of the test's own, which runs without Shipway and is removed
    /// with the sandbox.
    ///
    /// # Panics
    /// When the sandbox has no containers.
    pub fn older_project(&self) -> String {
        let containers = self.containers.as_ref();
        containers
            .expect("the application runs in containers")
            .older()
    }

    /// Calls Docker Compose on files of the project.
    ///
    /// # Panics
    /// With what it said, when it fails.
    pub fn compose(&self, words: &[&str]) -> String {
        let mut command = match std::env::var_os("SHIPWAY_COMPOSE") {
            Some(program) if !program.is_empty() => self.bare_command(program),
            _ => {
                let mut docker = self.bare_command("docker");
                docker.arg("compose");
                docker
            }
        };
        let output = command.args(words).output().expect("Compose runs");
        assert!(
            output.status.success(),
            "docker compose {words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// An empty folder, without a repository and without a configuration.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn empty(program: impl Into<PathBuf>) -> Self {
        let root =
            TempDir::with_prefix("shipway-test-").expect("a temporary directory can be made");
        let root = root.keep().canonicalize().expect("it exists");
        let guard = Guard::of(&root);
        for directory in ["project", "home", "runs"] {
            fs::create_dir(root.join(directory)).expect("it is empty");
        }
        Self {
            program: program.into(),
            name: "app".to_owned(),
            containers: None,
            environments: RefCell::default(),
            variables: RefCell::default(),
            runs: Cell::new(0),
            releases: Cell::new(0),
            peak: Arc::default(),
            _guard: guard,
            root,
        }
    }

    // --- files and commits ---

    /// Where everything is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The repository.
    pub fn project(&self) -> PathBuf {
        self.root.join("project")
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// The proxy's directory.
    pub fn proxy(&self) -> PathBuf {
        self.root.join("proxy")
    }

    /// Writes a file of the project.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("the folder can be made");
        }
        fs::write(path, text).expect("the file can be written");
    }

    /// Reads a file of the project.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.project().join(path)).expect("the file can be read")
    }

    /// Replaces a text in a file of the project.
    ///
    /// # Panics
    /// When the text is not there.
    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "no {from:?} in {text}");
        self.write(path, &text.replacen(from, to, 1));
    }

    /// Adds an environment, or changes the one of that name, and writes `shipway.yml`.
    pub fn add(&self, environment: Environment) {
        let mut all = self.environments.borrow_mut();
        match all.iter_mut().find(|(one, _)| one.name == environment.name) {
            Some((known, _)) => *known = environment,
            None => all.push((environment, PortClaim::any())),
        }
        let sections: String = all
            .iter()
            .map(|(one, claim)| one.render(claim.port))
            .collect();
        self.write(
            "shipway.yml",
            &format!(
                "version: 1\nproject: {}\n\nservices:\n  web: {{ role: web, port: 8000 }}\n\n\
                 environments:\n{sections}",
                self.name
            ),
        );
    }

    // --- commands ---

    /// Sets a variable for all commands that follow.
    pub fn set_variable(&self, name: &str, value: &str) {
        let variable = (name.to_owned(), value.to_owned());
        self.variables.borrow_mut().push(variable);
    }

    /// Runs `shipway` to its end.
    #[must_use = "it has an exit code"]
    pub fn run<const N: usize>(&self, words: [&str; N]) -> Ended {
        self.start(words).finish()
    }

    /// Runs `shipway` to its end, which has to be a good one.
    ///
    /// # Panics
    /// With all that it wrote, when it is not.
    #[track_caller]
    pub fn run_well<const N: usize>(&self, words: [&str; N]) -> Ended {
        self.run(words).expect_code(0)
    }

    /// Starts `shipway` in the background.
    pub fn start<const N: usize>(&self, words: [&str; N]) -> Running {
        self.start_as("tester", words)
    }

    /// Starts `shipway` in the background, on somebody's behalf.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_as<const N: usize>(&self, actor: &str, words: [&str; N]) -> Running {
        self.start_with(actor, Stdio::null(), &words)
    }

    /// The same with any number of words.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_words(&self, actor: &str, words: &[&str]) -> Running {
        self.start_with(actor, Stdio::null(), words)
    }

    /// Runs `shipway` to its end with a text at its standard input.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use = "it has an exit code"]
    pub fn run_reading<const N: usize>(&self, input: &str, words: [&str; N]) -> Ended {
        let path = self.root.join("runs/in");
        fs::write(&path, input).expect("the input can be written");
        let input = File::open(&path).expect("it was just written");
        self.start_with("tester", input.into(), &words).finish()
    }

    fn start_with(&self, actor: &str, input: Stdio, words: &[&str]) -> Running {
        self.runs.set(self.runs.get() + 1);
        let path = |ending: &str| {
            let name = format!("{}.{ending}", self.runs.get());
            self.root.join("runs").join(name)
        };
        let (stdout, stderr) = (path("out"), path("err"));
        let create = |path: &Path| File::create(path).expect("a file can be made");
        let child = self
            .bare_command(&self.program)
            .env("USER", actor)
            .envs(self.variables.borrow().iter().cloned())
            .args(words)
            .stdin(input)
            .stdout(create(&stdout))
            .stderr(create(&stderr))
            .spawn()
            .expect("the program starts");
        Running {
            child,
            words: format!("shipway {}", words.join(" ")),
            stdout,
            stderr,
            peak: Arc::clone(&self.peak),
        }
    }

    fn bare_command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.project())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root.join("home"))
            .env("LANG", "C.UTF-8")
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1")
            .env("SHIPWAY_STATE", self.state())
            .env("SHIPWAY_PROXY_DIR", self.proxy())
            .env("GIT_AUTHOR_NAME", "tester")
            .env("GIT_AUTHOR_EMAIL", "tester@example.org")
            .env("GIT_COMMITTER_NAME", "tester")
            .env("GIT_COMMITTER_EMAIL", "tester@example.org")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(last_words::wanted());
        command
    }
}
