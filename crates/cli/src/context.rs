//! Wires a command to its project: files, state, runtime, proxy.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipway_engine::Engine;
use shipway_engine::database::Databases;
use shipway_engine::event::{Event, Reporter};
use shipway_engine::ports::{ProxyLauncher, ProxyRouter, Routers};
use shipway_engine::project::Project;
use shipway_pipeline::branch::BranchEnvironment;
use shipway_pipeline::config::Environment;
use shipway_pipeline::host::EngineHost;
use shipway_pipeline::name::EnvironmentName;
use shipway_runtime::compose::{Cli, ComposeRuntime, ProxyContainer};
use shipway_runtime::process::{Launcher, ProcessRuntime};
use shipway_runtime::{Runtime, Runtimes};
use shipway_store::{Keyring, Store};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::arguments::Global;
use crate::error::{CliError, Result};
use crate::leftovers;

/// The first word of a helper's command line.
pub(crate) const HELPER: &str = "supervise";

/// A project and what carries out its deployments.
pub(crate) struct Context {
    pub(crate) project: Project,
    pub(crate) engine: Engine,
    /// What runs releases, for commands that look at them or work beside them.
    pub(crate) runtimes: Arc<Runtimes>,
}

impl Context {
    /// Finds the project and opens its state. Events go to the receiver.
    pub(crate) fn open(global: &Global) -> Result<(Self, UnboundedReceiver<Event>)> {
        Self::open_with(global, None)
    }

    /// The same, with the environment of a branch that need not be on record yet.
    pub(crate) fn open_with(
        global: &Global,
        branch: Option<&BranchEnvironment>,
    ) -> Result<(Self, UnboundedReceiver<Event>)> {
        let mut project = Project::find(&start_directory(global)?)?;
        let state = state_directory(global, &project)?;
        let store = Store::open(&state)?;
        keep_out_of_git(&state)?;
        project.secrets = store.newest_secrets()?;
        project.config.open_branches(&store.branch_environments()?);
        project
            .config
            .open_branches(branch.map_or(&[], std::slice::from_ref));
        leftovers::recall(&store, &mut project.config)?;
        let program = std::env::current_exe()?;
        let mut runtimes = Runtimes::new(
            ProcessRuntime::try_new(&state, Launcher::this_program([HELPER]))?,
            ComposeRuntime::try_new(&state, engine_host(), compose_cli())?,
        );
        for (name, host) in hosts(&project) {
            runtimes = runtimes.with_host(name.clone(), host);
        }
        let runtimes = Arc::new(runtimes);
        let here = ProxyRouter::new(proxy_launcher(global, program.clone())?);
        let mut router = Routers::new(here);
        for (name, _) in hosts(&project) {
            let runtime = runtimes.compose_of(name).clone();
            let container = ProxyContainer::new(runtime, &program);
            router = router.with(name.clone(), ProxyRouter::elsewhere(container));
        }
        let (sender, receiver) = unbounded_channel();
        let actor = actor();
        let engine = Engine {
            store: Arc::new(store),
            runtime: Arc::clone(&runtimes) as Arc<dyn Runtime>,
            router: Arc::new(router),
            databases: Databases::of_project(&project),
            keyring: keyring()?,
            reporter: Reporter::new(sender),
            owner: format!("{actor} on {} (process {})", host(), std::process::id()),
            actor,
        };
        let context = Self {
            project,
            engine,
            runtimes,
        };
        Ok((context, receiver))
    }
}

/// The environments that run on other hosts' engines.
fn hosts(project: &Project) -> impl Iterator<Item = (&EnvironmentName, &EngineHost)> {
    let environments = project.config.present();
    environments.filter_map(|one| Some((&one.name, one.host.as_ref()?)))
}

/// The proxy of an environment that runs on another host.
pub(crate) fn proxy_elsewhere(
    context: &Context,
    environment: &Environment,
) -> Result<ProxyContainer> {
    if environment.host.is_none() {
        return Err(CliError::usage(format!(
            "`{}` has no `host`: its proxy is that of this machine",
            environment.name
        )));
    }
    let runtime = context.runtimes.compose_of(&environment.name).clone();
    Ok(ProxyContainer::new(runtime, std::env::current_exe()?))
}

/// The project that the command is about.
pub(crate) fn project(global: &Global) -> Result<Project> {
    with_secrets(global, Project::find(&start_directory(global)?)?)
}

/// A project that knows which secrets are set.
pub(crate) fn with_secrets(global: &Global, mut project: Project) -> Result<Project> {
    let state = state_directory(global, &project)?;
    // Looking at a project makes no state.
    if Store::exists(&state) {
        let store = Store::open(&state)?;
        project.secrets = store.newest_secrets()?;
        project.config.open_branches(&store.branch_environments()?);
    }
    Ok(project)
}

/// The age identity of the user's secrets.
pub(crate) fn keyring() -> Result<Keyring> {
    if let Ok(text) = std::env::var("SHIPWAY_AGE_IDENTITY")
        && !text.is_empty()
    {
        return Ok(Keyring::of_text(text));
    }
    let named = std::env::var_os("SHIPWAY_AGE_IDENTITY_FILE").filter(|path| !path.is_empty());
    if let Some(path) = named {
        return Ok(Keyring::of_file(std::path::absolute(path)?));
    }
    let base = match std::env::var_os("XDG_CONFIG_HOME").filter(|path| !path.is_empty()) {
        Some(base) => PathBuf::from(base),
        None => std::env::home_dir()
            .ok_or_else(|| {
                CliError::usage("no home directory").hint("set SHIPWAY_AGE_IDENTITY_FILE")
            })?
            .join(".config"),
    };
    Ok(Keyring::of_file(base.join("shipway/age-identity.txt")))
}

/// Where the command runs.
pub(crate) fn start_directory(global: &Global) -> Result<PathBuf> {
    match &global.directory {
        Some(directory) if directory.is_dir() => Ok(directory.clone()),
        Some(directory) => Err(CliError::usage(format!(
            "`{}` is no directory",
            directory.display()
        ))),
        None => Ok(std::env::current_dir()?),
    }
}

/// The project's state directory.
pub(crate) fn state_directory(global: &Global, project: &Project) -> Result<PathBuf> {
    match &global.state {
        Some(state) => Ok(std::path::absolute(state)?),
        None => Ok(project.directory.join(".shipway")),
    }
}

/// The directory of the machine's proxy.
pub(crate) fn proxy_directory(global: &Global) -> Result<PathBuf> {
    if let Some(directory) = &global.proxy_dir {
        return Ok(std::path::absolute(directory)?);
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/shipway/proxy"));
    }
    let base = match std::env::var_os("XDG_STATE_HOME") {
        Some(base) => PathBuf::from(base),
        None => std::env::home_dir()
            .ok_or_else(|| CliError::usage("no home directory").hint("set `--proxy-dir`"))?
            .join(".local/state"),
    };
    Ok(base.join("shipway/proxy"))
}

fn proxy_launcher(global: &Global, program: PathBuf) -> Result<ProxyLauncher> {
    let directory = proxy_directory(global)?;
    Ok(ProxyLauncher {
        program,
        arguments: vec![
            "proxy".into(),
            "--proxy-dir".into(),
            directory.clone().into_os_string(),
        ],
        directory,
    })
}

/// Where the Docker Engine listens: as for the Docker CLI, by `DOCKER_HOST`.
pub(crate) fn engine_host() -> String {
    std::env::var("DOCKER_HOST")
        .ok()
        .filter(|host| !host.is_empty())
        .unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
}

/// Docker Compose: the Docker CLI's plugin, or the program that `SHIPWAY_COMPOSE` names.
fn compose_cli() -> Cli {
    match std::env::var_os("SHIPWAY_COMPOSE") {
        Some(program) if !program.is_empty() => Cli::plugin(program),
        Some(_) | None => Cli::docker(),
    }
}

/// State beside `shipway.yml` must never be committed: it holds secrets.
pub(crate) fn keep_out_of_git(state: &Path) -> Result<()> {
    let created = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(state.join(".gitignore"));
    match created {
        Ok(mut file) => Ok(file.write_all(b"*\n")?),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// On whose behalf the command runs.
pub(crate) fn actor() -> String {
    ["SHIPWAY_ACTOR", "SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}
