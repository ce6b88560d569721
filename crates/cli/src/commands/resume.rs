//! `shipway resume`.

use crate::arguments::Global;
use crate::context::Context;
use crate::deploying;
use crate::error::Result;
use crate::interrupt;
use crate::render::{self, Output};

/// Go on with a deployment whose engine died or left
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// Wait for an environment that somebody else has, rather than exit with code 6
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    output: Output,
}

impl Arguments {
    pub(crate) fn environment(&self) -> &str {
        &self.environment
    }
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let form = arguments.output.form();
    let mut interrupts = interrupt::listen()?;
    render::events::begin(form);
    let reporting = tokio::spawn(render::events::follow(events, form));
    let finished = context
        .engine
        .resume(&environment.name, arguments.wait, &mut interrupts)
        .await;
    if form.is_for_people() && matches!(finished, Ok(None)) {
        anstream::eprintln!("nothing was interrupted in {}", environment.name);
    }
    deploying::settle(&context, finished, reporting, form).await
}
