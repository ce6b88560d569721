//! `shipway serve`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use shipway_engine::kept::kept;
use shipway_pipeline::config::parse_duration;
use shipway_server::{
    Carrier, FindHookSecret, HookSecret, Observe, Observed, Options, Provider, ServeError, Tell,
    Tls,
};
use tracing_subscriber::EnvFilter;

use crate::arguments::Global;
use crate::context::{Context, keyring, proxy_directory};
use crate::error::{CliError, Kind, Result};
use crate::telling;

/// The store has one writer: more threads would only wait for each other.
const STORE_THREADS: usize = 8;

/// Run the daemon of a project in the foreground: its HTTP API, webhooks, queue, backups and
/// notifications
///
/// Requests, those of pushes included, are carried out by processes that outlive the daemon: it can
/// be killed, restarted and upgraded at any time. Webhooks of GitHub, GitLab and Gitea or Forgejo
/// are taken at /v1/hooks/github, gitlab and gitea where SHIPWAY_HOOK_SECRET_GITHUB, _GITLAB or
/// _GITEA holds the secret: a variable, or one of these names with _FILE behind it a file with the
/// secret, or a secret of that name of any environment (`shipway secrets set`), which may be
/// changed while the daemon runs.
/// Backups are made, proven and copied as `backup` of shipway.yml says, which `shipway backup
/// run-due` does without a daemon.
///
/// It answers at the socket `serve.sock` of the state directory, to its own user and root, and
/// with `--listen` to whoever shows a token (`shipway tokens create`). The API is described in
/// schema/openapi.json. contrib/shipway.service runs it under systemd. Ends with SIGTERM or
/// Ctrl-C; deployments and instances go on.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Listen at this TCP address as well, such as 127.0.0.1:7070; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<SocketAddr>,
    /// The certificate's chain, in PEM: speak TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Listen to other machines without TLS, as behind a proxy that has it
    #[arg(long)]
    insecure_http: bool,
    /// Carry so many requests out at once, over all environments
    #[arg(long, value_name = "COUNT", default_value = "2")]
    parallel: NonZeroUsize,
    /// Look so often for pushes in the remote `origin` of the project's repository, such as 60s: for
    /// git servers that cannot call
    #[arg(long, value_name = "TIME", value_parser = interval)]
    poll: Option<Duration>,
    /// How the log is written to standard error
    #[arg(long, value_name = "FORM", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    begin_log(arguments.log_format);
    let (context, _events) = Context::open(global)?;
    let tls = arguments.tls_cert.clone().zip(arguments.tls_key.clone());
    let options = Options {
        directory: context.project.directory.clone(),
        store: Arc::clone(&context.engine.store),
        observe: observer(global.clone()),
        tell: teller(global.clone()),
        listen: arguments.listen.clone(),
        tls: tls.map(|(certificate, key)| Tls { certificate, key }),
        insecure_http: arguments.insecure_http,
        hooks: hooks()?,
        find_hook_secret: finder(&context)?,
        carrier: carrier(global, &context)?,
        parallel: arguments.parallel.get(),
        poll: arguments.poll,
    };
    drop(context);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(STORE_THREADS)
        .enable_all()
        .build()?
        .block_on(shipway_server::run(options))?;
    Ok(ExitCode::SUCCESS)
}

/// More often than once in a second nothing is pushed, and servers would mind.
fn interval(text: &str) -> std::result::Result<Duration, String> {
    let interval = parse_duration(text)?;
    if interval < Duration::from_secs(1) {
        return Err("a second is the least".to_owned());
    }
    Ok(interval)
}

fn begin_log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("SHIPWAY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

/// This program, in the project and with the state of the daemon.
fn carrier(global: &Global, context: &Context) -> Result<Carrier> {
    let state = context.engine.store.directory();
    let words: [OsString; 6] = [
        "--directory".into(),
        context.project.directory.clone().into(),
        "--state".into(),
        std::path::absolute(state)?.into(),
        "--proxy-dir".into(),
        proxy_directory(global)?.into(),
    ];
    Ok(Carrier {
        program: std::env::current_exe()?,
        arguments: words.into(),
    })
}

/// The secrets of the git servers whose webhooks are taken.
fn hooks() -> Result<BTreeMap<Provider, HookSecret>> {
    let mut all = BTreeMap::new();
    for provider in Provider::ALL {
        let file = std::env::var_os(format!("{}_FILE", provider.variable()));
        let text = match file.filter(|path| !path.is_empty()) {
            Some(path) => Some(std::fs::read_to_string(path)?),
            None => std::env::var(provider.variable()).ok(),
        };
        if let Some(secret) = text.as_deref().and_then(HookSecret::new) {
            all.insert(provider, secret);
        }
    }
    Ok(all)
}

/// Finds secrets of git servers among those of the environments, in the order of shipway.yml.
fn finder(context: &Context) -> Result<FindHookSecret> {
    let store = Arc::clone(&context.engine.store);
    let keyring = keyring()?;
    Ok(Arc::new(move |project, provider| {
        let places = project.places();
        for name in places.map(|place| place.name.shared()) {
            if let Some(text) = kept(&store, &keyring, &name, provider.variable())? {
                return Ok(HookSecret::new(&text));
            }
        }
        Ok(None)
    }))
}

/// Looks at what runs as `shipway status` does, with the configuration of that moment.
fn observer(global: Global) -> Observe {
    Arc::new(move || {
        let global = global.clone();
        Box::pin(async move { observe(&global).await })
    })
}

/// Sends what is due, to the channels of that moment.
fn teller(global: Global) -> Tell {
    Arc::new(move || {
        let global = global.clone();
        Box::pin(async move {
            let told = telling::deliver_as_daemon(&global).await;
            told.map_err(|error| error.message().to_owned())
        })
    })
}

async fn observe(global: &Global) -> Observed {
    let (context, _events) = Context::open(global).map_err(|error| error.message().to_owned())?;
    let environments: Vec<_> = context.project.config.present().collect();
    let seen = context.engine.statuses(&context.project, &environments);
    seen.await.map_err(|error| error.to_string())
}

impl From<ServeError> for CliError {
    fn from(error: ServeError) -> Self {
        use shipway_server::ListenError;
        let told = |kind| Self::of(kind, &error);
        match &error {
            ServeError::Runs(_) => told(Kind::Locked).hint("end it first, or talk to it"),
            ServeError::Listen(ListenError::Plain(_)) => told(Kind::Usage).hint(
                "give `--tls-cert` and `--tls-key`, listen at 127.0.0.1, or say `--insecure-http`",
            ),
            ServeError::Listen(ListenError::Certificate { .. }) => told(Kind::Usage),
            ServeError::Listen(_) | ServeError::Lock { .. } | ServeError::Signals(_) => {
                told(Kind::Failed)
            }
        }
    }
}
