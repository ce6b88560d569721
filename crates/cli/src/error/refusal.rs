//! What is refused by a rule, and the way out of each.

use shipway_engine::observe::Refused;
use shipway_engine::renew::RenewError;
use shipway_engine::rollback::RollbackError;
use shipway_engine::scale::ScaleError;
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::plan::Refusal;
use shipway_pipeline::promotion;

use super::{CliError, Kind};

impl From<ScaleError> for CliError {
    fn from(error: ScaleError) -> Self {
        match error {
            ScaleError::Deploy(error) => error.into(),
            ScaleError::Runtime(error) => error.into(),
            ScaleError::Refused(refusal) => refusal.into(),
            ScaleError::NothingLive(ref environment) => Self::of(Kind::Failed, &error)
                .hint(format!("`shipway deploy {environment}` first")),
            ScaleError::Interrupted {
                ref environment, ..
            } => Self::of(Kind::NotAllowed, &error).hint(format!(
                "`shipway resume {environment}` finishes it, `shipway abort {environment}` goes back"
            )),
        }
    }
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> Self {
        let told = |kind| Self::of(kind, &refusal);
        match &refusal {
            Refusal::Unknown { service, known, .. } => {
                let names = known.iter().map(String::as_str);
                let near = shipway_compose::diagnostic::nearest(service.as_str(), names);
                told(Kind::Usage).hint(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("what can be scaled is {}", known.join(", ")),
                })
            }
            Refusal::Routed(_) => {
                told(Kind::NotAllowed).hint("`shipway down` stops the whole environment")
            }
            Refusal::Named { .. } => {
                told(Kind::NotAllowed).hint("take `container_name` out of the Compose file")
            }
            Refusal::Port { .. } => told(Kind::NotAllowed).hint(
                "take `PORT` out of `x-shipway.process`: each instance is given one of its own",
            ),
            Refusal::Singleton(_) | Refusal::Shared { .. } => told(Kind::NotAllowed),
        }
    }
}

pub(super) fn renewal(refused: &RenewError) -> CliError {
    let told = CliError::of(Kind::Usage, refused);
    match refused {
        RenewError::NothingLive(environment) => told.hint(format!(
            "`shipway deploy {environment}` starts the services that are missing"
        )),
        RenewError::NotShared { known, .. } if known.is_empty() => {
            told.hint("it has none: every service is replaced with each release")
        }
        RenewError::NotShared { known, .. } => {
            let names: Vec<&str> = known.iter().map(ServiceName::as_str).collect();
            told.hint(format!("those that it has are {}", names.join(", ")))
        }
        RenewError::Processes(_) => {
            told.hint("end the process by hand: the next deployment starts it again")
        }
    }
}

pub(super) fn adoption(refused: &Refused) -> CliError {
    let told = CliError::of(Kind::Config, refused);
    match refused {
        Refused::Nothing { .. } => told
            .hint("`docker compose ls --all` shows the projects; take `adopt` out to start anew"),
        Refused::TooLate { .. } => told.hint("take `adopt` out of the environment"),
        Refused::Forgotten { project, .. } => {
            told.hint(format!("put `adopt: {project}` back into the environment"))
        }
    }
}

impl From<RollbackError> for CliError {
    fn from(error: RollbackError) -> Self {
        match &error {
            RollbackError::Store(_) => Self::of(Kind::Failed, &error),
            RollbackError::NothingLive(environment)
            | RollbackError::NoOther(environment)
            | RollbackError::NeverStable { environment, .. } => Self::of(Kind::NotAllowed, &error)
                .hint(format!(
                    "`shipway history {environment}` shows what was stable"
                )),
        }
    }
}

impl From<promotion::Refusal> for CliError {
    fn from(refusal: promotion::Refusal) -> Self {
        let told = Self::of(Kind::NotAllowed, &refusal);
        match refusal {
            promotion::Refusal::NoSource { environment } => {
                told.hint(format!("`shipway deploy {environment}`"))
            }
            promotion::Refusal::NothingLive { from } => told.hint(format!(
                "`shipway deploy {from}` or `shipway promote {from}` first"
            )),
            promotion::Refusal::NotStable { from, .. } => {
                told.hint(format!("`shipway status {from}` shows how far it is"))
            }
            promotion::Refusal::Skips { environment, .. } => told.hint(format!(
                "`shipway promote {environment}` takes what is live before it"
            )),
        }
    }
}
