//! `shipway proxy`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::process::setsid;
use shipway_engine::ports::client_of;
use shipway_proxy::control::{Client, HandOver, bridge};
use shipway_proxy::{AccessLog, Cidr, LogPlace, Options, Paths};
use tracing_subscriber::EnvFilter;

use crate::arguments::Global;
use crate::context::{Context, proxy_directory, proxy_elsewhere};
use crate::error::{CliError, Kind, Result};
use crate::{exit, render};

/// Run the machine's proxy in the foreground, or look at the one that runs
///
/// A deployment starts it by itself where none runs; run it as a service to have it after a
/// reboot (see contrib/shipway-proxy.service). One proxy serves all projects of the machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// Look at or stop the proxy of the host that this environment runs on
    #[arg(long, global = true, value_name = "ENVIRONMENT")]
    of: Option<String>,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "COUNT")]
    workers: Option<NonZeroUsize>,
    /// Believe the `X-Forwarded-*` headers of these peers, such as 10.0.0.0/8
    #[arg(long, value_name = "CIDR")]
    trust: Vec<Cidr>,
    /// Write a line of JSON for each request to this file, opened anew when it was moved away, or
    /// `-` for standard output [default: $SHIPWAY_ACCESS_LOG]
    #[arg(long, value_name = "FILE")]
    access_log: Option<LogPlace>,
    /// Of requests that went well (below 400, sent to the end), write one in so many [default:
    /// $SHIPWAY_ACCESS_LOG_ONE_IN, or all]
    #[arg(long, value_name = "N")]
    access_log_one_in: Option<NonZeroU32>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show what is routed where, and what it has in hand
    Status,
    /// Print metrics in Prometheus' text format
    Metrics,
    /// Read certificates that have changed, and ask again for those that could not be issued
    ///
    /// The proxy does both by itself: within ten seconds, and at the time that `status` tells. What
    /// an authority wants to be left alone for is kept to all the same.
    Certificates,
    /// Put a new process in the proxy's place, without losing a request
    ///
    /// The new one runs this very program, started as the proxy was, or with what stands before
    /// `reload` of `--workers`, `--trust` and `--access-log`, if anything does. It takes over the very sockets; the old one
    /// finishes what it has in hand, and ends. If the new one cannot, the old one goes on.
    Reload,
    /// Finish what is in hand and end
    Stop,
    /// Carry bytes between the standard streams and the control socket
    #[command(hide = true)]
    Dial,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let directory = proxy_directory(global)?;
    let Some(action) = &arguments.action else {
        return match &arguments.of {
            None => serve(arguments, directory),
            Some(name) => Err(CliError::usage("a deployment starts that proxy")
                .hint(format!("`shipway proxy status --of {name}` looks at it"))),
        };
    };
    let paths = Paths::new(&directory);
    let client = Client::new(paths.control());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        if let Some(name) = &arguments.of {
            return elsewhere(action, global, name).await;
        }
        match action {
            Action::Status => render::json(&client.status().await.map_err(told)?)?,
            Action::Metrics => anstream::print!("{}", client.metrics().await.map_err(told)?),
            Action::Certificates => render::json(&client.reload().await.map_err(told)?)?,
            Action::Reload => {
                let wish = hand_over(arguments, &directory)?;
                render::json(&client.hand_over(&wish).await.map_err(told)?)?;
            }
            Action::Stop => client.shutdown().await.map_err(told)?,
            Action::Dial => bridge(&paths).await?,
        }
        Ok(ExitCode::from(exit::OK))
    });
    // Nobody waits for a standard input at which nothing comes any more.
    runtime.shutdown_background();
    result
}

/// The same with the proxy of another host.
async fn elsewhere(action: &Action, global: &Global, name: &str) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = context.project.environment(name)?;
    let container = proxy_elsewhere(&context, environment)?;
    let client = client_of(&container);
    match action {
        Action::Status => render::json(&client.status().await.map_err(told)?)?,
        Action::Metrics => anstream::print!("{}", client.metrics().await.map_err(told)?),
        Action::Certificates => render::json(&client.reload().await.map_err(told)?)?,
        Action::Reload => {
            return Err(CliError::usage(
                "that proxy is a container, which ends with its first process",
            )
            .hint(format!(
                "`shipway proxy stop --of {name}`; the next deployment starts the new program"
            )));
        }
        Action::Stop => container
            .stop()
            .await
            .map_err(|error| CliError::of(Kind::Failed, &error))?,
        Action::Dial => return Err(CliError::usage("`dial` is for the host itself")),
    }
    Ok(ExitCode::from(exit::OK))
}

/// This program, in place of the proxy's.
fn hand_over(arguments: &Arguments, directory: &Path) -> Result<HandOver> {
    Ok(HandOver {
        program: std::env::current_exe()?,
        arguments: is_set_up(arguments).then(|| {
            let mut words = vec![
                "proxy".to_owned(),
                "--proxy-dir".to_owned(),
                directory.to_string_lossy().into_owned(),
            ];
            if let Some(workers) = arguments.workers {
                words.extend(["--workers".to_owned(), workers.to_string()]);
            }
            for peers in &arguments.trust {
                words.extend(["--trust".to_owned(), peers.to_string()]);
            }
            if let Some(place) = &arguments.access_log {
                words.extend(["--access-log".to_owned(), place.to_string()]);
            }
            if let Some(one_in) = arguments.access_log_one_in {
                words.extend(["--access-log-one-in".to_owned(), one_in.to_string()]);
            }
            words
        }),
    })
}

fn is_set_up(arguments: &Arguments) -> bool {
    arguments.workers.is_some()
        || !arguments.trust.is_empty()
        || arguments.access_log.is_some()
        || arguments.access_log_one_in.is_some()
}

/// What is said in the command, or else by variables: those that a deployment hands on to a proxy
/// that it starts.
fn access_log(arguments: &Arguments) -> Option<AccessLog> {
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let place = arguments.access_log.clone();
    let place = place.or_else(|| variable("SHIPWAY_ACCESS_LOG")?.parse().ok())?;
    let one_in = arguments.access_log_one_in;
    let one_in = one_in.or_else(|| variable("SHIPWAY_ACCESS_LOG_ONE_IN")?.parse().ok());
    Some(AccessLog {
        place,
        one_in: one_in.unwrap_or(NonZeroU32::MIN),
    })
}

fn serve(arguments: &Arguments, directory: PathBuf) -> Result {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_env("SHIPWAY_LOG").unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    // A session of its own, so that it outlives the terminal of whoever started it on demand.
    // Fails for the leader of a process group, who needs none.
    let _ = setsid();
    let options = Options {
        workers: arguments.workers,
        trusted: arguments.trust.clone(),
        arguments: std::env::args_os().skip(1).collect(),
        access_log: access_log(arguments),
        ..Options::new(directory)
    };
    shipway_proxy::run(options).map_err(|error| CliError::of(Kind::Failed, &error))?;
    Ok(ExitCode::SUCCESS)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what map_err hands over"
)]
fn told(error: shipway_proxy::control::Error) -> CliError {
    CliError::of(Kind::Failed, &error)
}
