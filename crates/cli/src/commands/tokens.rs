//! `shipway tokens`.

use std::io::Read as _;
use std::process::ExitCode;
use std::time::Duration;

use shipway_engine::clock::now;
use shipway_pipeline::access::{Grant, Role};
use shipway_pipeline::config::parse_duration;
use shipway_pipeline::id::TokenId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::time::Timestamp;
use shipway_server::Token;
use shipway_store::{Audit, NewToken, TokenRecord};

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};
use crate::render::{self, table, time};

/// Manage who may call the daemon
///
/// A token is shown once, when it is made; only its hash is kept. Callers send it as
/// `Authorization: Bearer shp_…`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a token for a person or a program, and print it
    Create(Create),
    /// List tokens: for whom, for what, until when, last used when
    List {
        /// Print one JSON document to standard output
        #[arg(long)]
        json: bool,
    },
    /// Take a token back: it is worth nothing at once
    Revoke {
        /// Its number, such as t7
        id: TokenId,
    },
}

#[derive(Debug, clap::Args)]
struct Create {
    /// The person or program that it is for, as records will name them
    name: String,
    /// What it allows: viewer, deployer, approver or admin; each what those before it may
    #[arg(long)]
    role: Role,
    /// Only in this environment; may be repeated
    #[arg(short, long, value_name = "ENVIRONMENT")]
    environment: Vec<String>,
    /// From when on it is worth nothing: a duration, or `never`
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = lifetime)]
    expires: Lifetime,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

/// For how long a token is good.
#[derive(Debug, Clone, Copy)]
struct Lifetime(Option<Duration>);

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    match &arguments.action {
        Action::Create(arguments) => create(&context, arguments),
        Action::List { json } => list(&context, *json),
        Action::Revoke { id } => revoke(&context, *id),
    }
}

fn create(context: &Context, arguments: &Create) -> Result {
    let name = arguments.name.trim();
    if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        return Err(CliError::usage("a token needs a name of 1 to 100 letters"));
    }
    let mut environments = Vec::new();
    for name in &arguments.environment {
        environments.push(context.project.environment(name)?.name.clone());
    }
    let mut random = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let grant = Grant::new(arguments.role, environments);
    let (store, actor) = (&context.engine.store, &context.engine.actor);
    let new = NewToken {
        name,
        // The number is no part of what is hashed: it is given with the record.
        hash: &Token::new(TokenId(0), random).hash(),
        grant: &grant,
        expires: arguments.expires.0.map(|lifetime| now().after(lifetime)),
        created_by: actor,
    };
    let id = store.create_token(&new, now())?;
    record(context, "create token", id)?;
    let token = Token::new(id, random).reveal();
    if arguments.json {
        let told = serde_json::json!({
            "id": id, "name": name, "role": grant.role, "environments": grant.environments,
            "expires": new.expires, "token": token,
        });
        render::json(&told)?;
    } else {
        anstream::println!("{token}");
        anstream::eprintln!("This is {id}, shown this once: keep it where secrets are kept.");
    }
    Ok(ExitCode::SUCCESS)
}

fn list(context: &Context, json: bool) -> Result {
    let tokens = context.engine.store.tokens()?;
    if json {
        let all: Vec<_> = tokens.iter().map(document).collect();
        render::json(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    if tokens.is_empty() {
        anstream::eprintln!("there are no tokens");
        return Ok(ExitCode::SUCCESS);
    }
    let at = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), time::absolute);
    let rows: Vec<Vec<String>> = tokens
        .iter()
        .map(|token| {
            vec![
                token.id.to_string(),
                token.name.clone(),
                token.grant.role.to_string(),
                places(&token.grant),
                token.flaw(now()).unwrap_or("good").to_owned(),
                at(token.expires),
                at(token.used),
            ]
        })
        .collect();
    let heading = ["ID", "NAME", "ROLE", "WHERE", "STATE", "EXPIRES", "USED"];
    anstream::print!("{}", table::render(&heading, &rows));
    Ok(ExitCode::SUCCESS)
}

fn revoke(context: &Context, id: TokenId) -> Result {
    let (store, actor) = (&context.engine.store, &context.engine.actor);
    if !store.revoke_token(id, actor, now())? {
        return Err(
            CliError::usage(format!("there is no token `{id}` to take back"))
                .hint("`shipway tokens list` shows them"),
        );
    }
    record(context, "revoke token", id)?;
    anstream::eprintln!("{id} is worth nothing any more");
    Ok(ExitCode::SUCCESS)
}

fn record(context: &Context, action: &str, id: TokenId) -> Result<()> {
    let audit = Audit {
        actor: &context.engine.actor,
        action,
        environment: None,
        subject: &id.to_string(),
    };
    Ok(context.engine.store.audit(&audit, now())?)
}

fn places(grant: &Grant) -> String {
    if grant.environments.is_empty() {
        return "everywhere".to_owned();
    }
    let names: Vec<&str> = grant
        .environments
        .iter()
        .map(EnvironmentName::as_str)
        .collect();
    names.join(", ")
}

/// A token as machines read it: all but itself.
fn document(token: &TokenRecord) -> serde_json::Value {
    serde_json::json!({
        "id": token.id,
        "name": token.name,
        "role": token.grant.role,
        "environments": token.grant.environments,
        "state": token.flaw(now()).unwrap_or("good"),
        "created": token.created,
        "created_by": token.created_by,
        "expires": token.expires,
        "used": token.used,
    })
}

fn lifetime(text: &str) -> std::result::Result<Lifetime, String> {
    if text == "never" {
        return Ok(Lifetime(None));
    }
    parse_duration(text).map(|duration| Lifetime(Some(duration)))
}
