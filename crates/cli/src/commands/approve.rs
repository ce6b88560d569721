//! `shipway approve`.

use std::process::ExitCode;

use shipway_engine::clock::now;
use shipway_pipeline::digest::Digest;
use shipway_pipeline::request::{Request, Standing};

use crate::arguments::Global;
use crate::confirm;
use crate::context::Context;
use crate::deploying::Flags;
use crate::error::{CliError, Kind, Result};
use crate::render::{self, Form};
use crate::{carrying, remote, requests};

/// Consent to what a request would do
///
/// Shows the plan and asks. The consent is to this release and this plan: where either changes
/// before the deployment starts, the request is void. Nobody approves their own request. The last
/// approval that is needed starts the deployment.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The request, such as `q3`
    request: String,
    /// The digest of the plan that was looked at; another one is refused
    #[arg(long, value_name = "DIGEST")]
    plan: Option<Digest>,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    if let Some(client) = remote::client(global).await? {
        let plan = arguments.plan.as_ref();
        return remote::approve(&client, &arguments.request, plan, &arguments.flags).await;
    }
    let (mut context, events) = Context::open(global)?;
    let request = requests::find(&context, &arguments.request)?;
    let form = arguments.flags.output.form();
    if let Some(agreement) = &request.agreement
        && form.is_for_people()
    {
        let release = context.engine.release_by_name(agreement.release.as_str())?;
        render::request::tell(&request);
        render::plan::tell(&agreement.plan, &release);
    }
    let rules = requests::rules(&context, &request)?.ok_or_else(|| {
        let told = format!("request {} needs no approval", request.id);
        CliError::new(Kind::NotAllowed, told)
    })?;
    // Whoever may not decide is told so before they are asked.
    let by = context.engine.actor.clone();
    request
        .clone()
        .approve(&rules, &by, arguments.plan.as_ref(), now())
        .map_or_else(|_| Ok(()), |_| ask(&request, arguments))?;
    let approve = |request: &mut Request, by: &str| {
        Ok(request.approve(&rules, by, arguments.plan.as_ref(), now())?)
    };
    let (request, standing) = requests::change(&context, &request, "approve", approve)?;
    match standing {
        Standing::Missing(_) => {
            match form {
                Form::Json => render::json(&request)?,
                Form::Events => {}
                Form::People | Form::Quiet => render::request::tell_waiting(&request, &rules),
            }
            Ok(ExitCode::SUCCESS)
        }
        Standing::Complete => {
            // What is deployed is deployed for whoever asked for it.
            context.engine.actor.clone_from(&request.by);
            carrying::carry_out(&context, request.id, &arguments.flags, events).await
        }
    }
}

fn ask(request: &Request, arguments: &Arguments) -> Result<()> {
    let consent = &arguments.flags.consent;
    let is_agreed = consent.yes || consent.confirm.is_some() || arguments.plan.is_some();
    confirm::ask_plainly(&format!("Approve {}?", request.id), is_agreed)
}
