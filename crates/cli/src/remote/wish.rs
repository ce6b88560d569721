//! Asks for a deployment, and follows it.

use shipway_server::client::{Client, Wanted, Wish, WishedLane};

use super::{environment, follow, number};
use crate::confirm::{self, Consent};
use crate::deploying::Flags;
use crate::error::{CliError, Result};

/// What somebody asks for.
pub(crate) struct Asked<'a> {
    pub(crate) environment: &'a str,
    pub(crate) want: Wanted,
    pub(crate) lane: WishedLane,
    pub(crate) reason: Option<String>,
}

/// Asks for it, once whoever is there agreed, and tells what becomes of it.
pub(crate) async fn ask(client: &Client, asked: Asked<'_>, flags: &Flags) -> Result {
    for (flag, is_given) in [
        ("--dry-run", flags.dry_run),
        ("--thaw", flags.thaw),
        ("--force", flags.force),
    ] {
        if is_given {
            let told = format!("`{flag}` works where the project is, not by `--server`");
            return Err(CliError::usage(told).hint("do it on that machine"));
        }
    }
    let name = environment(asked.environment)?;
    let place = client.environment(&name).await?;
    agree(&place.name, &place.confirm, &flags.consent)?;
    let wish = Wish {
        environment: place.name,
        want: asked.want,
        lane: asked.lane,
        reason: asked.reason,
    };
    let made = client.ask(&wish).await?;
    let form = flags.output.form();
    if form.is_for_people() {
        anstream::eprintln!("{}: asked for as {}", made.environment, made.id);
    }
    follow(client, number(&made.id)?, form).await
}

/// Asks what the environment wants to be asked.
fn agree(name: &str, confirm: &str, consent: &Consent) -> Result<()> {
    match confirm {
        "none" => Ok(()),
        "yes" => {
            let is_agreed = consent.yes || consent.confirm.as_deref() == Some(name);
            confirm::ask_plainly(&format!("Go ahead in {name}?"), is_agreed)
        }
        _ => confirm::ask_name(name, consent.confirm.as_deref()),
    }
}
