//! Consents to requests, refuses them and takes them back.

use std::process::ExitCode;

use shipway_pipeline::digest::Digest;
use shipway_pipeline::request::State;
use shipway_server::client::{Client, Consent, Refusal, Whole};

use super::{follow, number, tell_end};
use crate::confirm;
use crate::deploying::Flags;
use crate::error::Result;
use crate::render;

/// Shows the plan, asks, and consents to it. The last consent that is needed has the daemon deploy,
/// which is told.
pub(crate) async fn approve(
    client: &Client,
    id: &str,
    plan: Option<&Digest>,
    flags: &Flags,
) -> Result {
    let id = number(id)?;
    let form = flags.output.form();
    let whole = client.request(id).await?;
    if form.is_for_people() {
        show(&whole);
    }
    let agreement = whole.request.agreement.as_ref();
    let consent = &flags.consent;
    let is_agreed = consent.yes || consent.confirm.is_some() || plan.is_some();
    confirm::ask_plainly(&format!("Approve {id}?"), is_agreed)?;
    // What was shown is what is consented to: another plan by now is refused.
    let seen = plan.or(agreement.map(|agreement| &agreement.digest));
    let consent = Consent {
        plan: seen.map(ToString::to_string),
    };
    client.approve(id, &consent).await?;
    let whole = client.request(id).await?;
    if let State::Waiting { .. } = whole.request.state {
        tell_end(&whole, form)?;
        return Ok(ExitCode::SUCCESS);
    }
    follow(client, id, form).await
}

fn show(whole: &Whole) {
    render::request::tell(&whole.request);
    if let (Some(agreement), Some(release)) = (&whole.request.agreement, &whole.release) {
        render::plan::tell(&agreement.plan, release);
    }
}

/// Refuses what a request would do.
pub(crate) async fn reject(client: &Client, id: &str, reason: Option<String>) -> Result {
    let changed = client.reject(number(id)?, &Refusal { reason }).await?;
    anstream::eprintln!("{} {}", changed.id, changed.standing);
    Ok(ExitCode::SUCCESS)
}

/// Takes a request back.
pub(crate) async fn cancel(client: &Client, id: &str) -> Result {
    let changed = client.cancel(number(id)?).await?;
    anstream::eprintln!("{} {}", changed.id, changed.standing);
    Ok(ExitCode::SUCCESS)
}
