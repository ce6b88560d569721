//! Asks before something is done, never where nobody can answer.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use shipway_pipeline::config::{Confirm, Environment};

use crate::error::{CliError, Kind, Result};

/// What was said on the command line.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Do not ask: the environment's name, for environments that want it typed
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) confirm: Option<String>,
}

/// Whether there is anything to ask.
pub(crate) fn is_needed(environment: &Environment, consent: &Consent) -> bool {
    match environment.confirm {
        Confirm::None => false,
        Confirm::Yes => !consent.yes && consent.confirm.is_none(),
        Confirm::Name => consent.confirm.is_none(),
    }
}

/// Asks, or checks what was said on the command line.
pub(crate) fn ask(environment: &Environment, consent: &Consent) -> Result<()> {
    let name = environment.name.as_str();
    match environment.confirm {
        Confirm::None => Ok(()),
        Confirm::Yes if consent.yes || consent.confirm.as_deref() == Some(name) => Ok(()),
        Confirm::Yes => {
            let answer = prompt(&format!("Go ahead in {name}? [y/N] "), "--yes")?;
            agree(matches!(answer.as_str(), "y" | "Y" | "yes"))
        }
        Confirm::Name => ask_name(name, consent.confirm.as_deref()),
    }
}

/// Asks for the environment's name, or checks what was said on the command line.
pub(crate) fn ask_name(name: &str, said: Option<&str>) -> Result<()> {
    match said {
        Some(said) if said == name => Ok(()),
        Some(said) => Err(CliError::usage(format!(
            "`--confirm {said}` does not name the environment `{name}`"
        ))),
        None => {
            let question = format!("Type the environment's name to go ahead ({name}): ");
            let answer = prompt(&question, &format!("--confirm {name}"))?;
            agree(answer == name)
        }
    }
}

/// Asks whether to go ahead with something that is no deployment.
pub(crate) fn ask_plainly(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    let answer = prompt(&format!("{question} [y/N] "), "--yes")?;
    agree(matches!(answer.as_str(), "y" | "Y" | "yes"))
}

/// The same, and never less than a yes: for what interrupts a service.
pub(crate) fn ask_at_least_yes(environment: &Environment, consent: &Consent) -> Result<()> {
    let confirm = match environment.confirm {
        Confirm::None | Confirm::Yes => Confirm::Yes,
        Confirm::Name => Confirm::Name,
    };
    let environment = Environment {
        confirm,
        ..environment.clone()
    };
    ask(&environment, consent)
}

fn agree(agreed: bool) -> Result<()> {
    if agreed {
        Ok(())
    } else {
        Err(CliError::new(Kind::Interrupted, "nothing was done"))
    }
}

fn prompt(question: &str, flag: &str) -> Result<String> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(CliError::usage(
            "this needs a confirmation, and there is no terminal to ask at",
        )
        .hint(format!("add `{flag}`")));
    }
    anstream::eprint!("{question}");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
