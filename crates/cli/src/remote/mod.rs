//! Commands about a daemon elsewhere: what they ask it, and how its answers are told.

mod decide;
mod list;
mod wish;

use std::process::ExitCode;

use shipway_pipeline::id::RequestId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::request::State;
use shipway_server::client::{Client, ClientError, Told, Whole};
use tokio::sync::mpsc::unbounded_channel;

use crate::arguments::Global;
use crate::error::{CliError, Kind, Result};
use crate::following;
use crate::render::{self, Form};

pub(crate) use decide::{approve, cancel, reject};
pub(crate) use list::{history, requests, status};
pub(crate) use wish::{Asked, ask};

/// The daemon that the command is about; `None` where it is about this machine.
pub(crate) async fn client(global: &Global) -> Result<Option<Client>> {
    let Some(server) = &global.server else {
        return Ok(None);
    };
    let token = std::env::var("SHIPWAY_TOKEN").ok();
    let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
        CliError::usage(format!("`{server}` needs a token")).hint(
            "`shipway tokens create` makes one where the daemon runs; put it into SHIPWAY_TOKEN",
        )
    })?;
    let authority = match &global.server_ca {
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            CliError::usage(format!("cannot read `{}`: {error}", path.display()))
        })?),
        None => None,
    };
    let token = token.trim().to_owned();
    Ok(Some(
        Client::connect(server, token, authority.as_deref()).await?,
    ))
}

/// The request of this number.
fn number(text: &str) -> Result<RequestId> {
    text.parse().map_err(CliError::usage)
}

/// The environment of this name; whether there is one, the daemon knows.
fn environment(text: &str) -> Result<EnvironmentName> {
    text.parse().map_err(CliError::usage)
}

/// Tells what happens to a request until it is over, or waits for people, and how it stands then.
async fn follow(client: &Client, id: RequestId, form: Form) -> Result {
    render::events::begin(form);
    let (sender, receiver) = unbounded_channel();
    let telling = tokio::spawn(render::events::follow(receiver, form));
    let mut follow = client.follow(id);
    loop {
        match follow.next().await? {
            Told::Event(event) if event.kind == shipway_engine::event::Kind::Closed => {}
            // Nobody listens any more where the terminal is gone.
            Told::Event(event) => drop(sender.send(*event)),
            Told::Stands(_) => break,
        }
    }
    drop(sender);
    let _ = telling.await;
    let whole = client.request(id).await?;
    tell_end(&whole, form)?;
    Ok(ExitCode::from(following::code(&whole.request)))
}

fn tell_end(whole: &Whole, form: Form) -> Result<()> {
    let request = &whole.request;
    match form {
        Form::Events => Ok(()),
        Form::Json => render::json(request),
        Form::People | Form::Quiet => {
            match (&request.state, &whole.needs) {
                (State::Waiting { .. }, Some(needs)) => {
                    render::request::tell_missing(request, needs.missing, &needs.groups);
                }
                (state, _) => {
                    anstream::eprintln!("{}: {} {state}", request.environment, request.id);
                }
            }
            Ok(())
        }
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let told = |kind| Self::of(kind, &error);
        match &error {
            ClientError::Address { .. } => {
                told(Kind::Usage).hint("write `https://host`, or `http://127.0.0.1:7070`")
            }
            ClientError::Authority(_) => {
                told(Kind::Usage).hint("give a file of PEM with the authority's certificate")
            }
            ClientError::Unreachable { .. } => {
                told(Kind::Failed).hint("does `shipway serve --listen` run there?")
            }
            ClientError::Version { .. } => {
                told(Kind::Failed).hint("use the same version on both machines")
            }
            ClientError::Garbled { .. } => told(Kind::Failed),
            ClientError::Refused(problem) => {
                let kind = match problem.status {
                    401 | 403 | 409 => Kind::NotAllowed,
                    404 | 422 => Kind::Usage,
                    410 | 412 => Kind::Waiting,
                    _ => Kind::Failed,
                };
                match &problem.hint {
                    Some(hint) => told(kind).hint(hint),
                    None => told(kind),
                }
            }
        }
    }
}
