//! `shipway maintenance`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use shipway_engine::clock::now;
use shipway_engine::maintenance::MaintenanceError;
use shipway_pipeline::cidr::Cidr;
use shipway_pipeline::config::parse_duration;
use shipway_pipeline::route::{LONGEST_PAGE, Maintenance, Page};
use shipway_proxy::control::Closure;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::exit;

/// Close an environment to visitors, or open it again
///
/// While it is closed, every request is answered 503 with a page. What is live runs on and is
/// watched as ever; deployments go on underneath. It stays closed until it is opened, whatever is
/// started again or deployed meanwhile; `shipway status` shows it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Close it; closed already, the new page, time and clients count
    On(On),
    /// Open it
    Off {
        /// The environment
        environment: String,
    },
}

#[derive(Debug, clap::Args)]
struct On {
    /// The environment
    environment: String,
    /// What visitors see: HTML, or by its ending `.txt` or `.json` [default: a plain line]
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// When visitors are told to come again, such as `10m`
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    retry_after: Option<Duration>,
    /// Clients that it stays open to, such as 10.0.0.0/8; behind another proxy, `shipway proxy
    /// --trust` has to name that
    #[arg(long, value_name = "CIDR")]
    allow: Vec<Cidr>,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let (name, closure) = match &arguments.action {
        Action::On(on) => (&on.environment, Some(closure(on, &context)?)),
        Action::Off { environment } => (environment, None),
    };
    let environment = context.project.environment(name)?;
    let is_closing = closure.is_some();
    let engine = &context.engine;
    let maintained = engine.maintain(&context.project, environment, closure);
    let changed = maintained.await.map_err(|error| told(&error, name))?;
    let told = match (is_closing, changed) {
        (true, _) => format!("{name} is closed; `shipway maintenance off {name}` opens it"),
        (false, true) => format!("{name} is open"),
        (false, false) => format!("{name} was not closed"),
    };
    anstream::eprintln!("{told}");
    Ok(ExitCode::from(exit::OK))
}

fn closure(on: &On, context: &Context) -> Result<Closure> {
    let page = on.page.as_deref().map(read).transpose()?;
    Ok(Closure {
        maintenance: Maintenance {
            since: now(),
            by: context.engine.actor.clone(),
            retry_after: on.retry_after.map(|time| time.as_secs()),
            allow: on.allow.clone(),
        },
        page,
    })
}

fn read(path: &Path) -> Result<Page> {
    let cannot = |reason: String| {
        let told = format!("`{}` cannot be the page: {reason}", path.display());
        CliError::usage(told)
    };
    let text = std::fs::read_to_string(path).map_err(|error| cannot(error.to_string()))?;
    if text.len() > LONGEST_PAGE {
        let told = format!("it has {} bytes, {LONGEST_PAGE} are the most", text.len());
        return Err(cannot(told).hint("leave pictures out, or put them where they are served from"));
    }
    let kind = match path.extension().and_then(|ending| ending.to_str()) {
        Some("txt") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        _ => "text/html; charset=utf-8",
    };
    Ok(Page {
        kind: kind.to_owned(),
        text,
    })
}

fn told(error: &MaintenanceError, name: &str) -> CliError {
    let told = CliError::of(Kind::Failed, error);
    match error {
        MaintenanceError::NotRouted(_) => told.hint(format!("`shipway deploy {name}` comes first")),
        MaintenanceError::Router(_) | MaintenanceError::Store(_) => told,
    }
}
