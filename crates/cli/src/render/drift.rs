//! What is not as recorded, and that nothing is to be done.

use owo_colors::OwoColorize;
use shipway_engine::deploy::Request;
use shipway_pipeline::drift::Deviation;

use super::{Form, certificate, json};
use crate::error::Result;

/// Tells what is not as recorded, and what becomes of it.
pub(crate) fn tell(drift: &[Deviation]) {
    for one in drift {
        anstream::eprintln!("{} {one}; {}", "drift:".yellow().bold(), one.remedy());
    }
}

/// Says that what is asked for is so already: to standard output where that was the question.
pub(crate) fn print_settled(request: &Request<'_>, form: Form, is_answer: bool) -> Result<()> {
    let environment = &request.environment.name;
    let release = &request.release.id;
    let pending = &request.surroundings.around.pending;
    let certificates = &request.surroundings.certificates;
    let mut document = serde_json::json!({
        "event": "unchanged",
        "environment": environment,
        "release": release,
        "outcome": "unchanged",
        "changes": false,
        "drift": [],
        "pending": pending,
    });
    if !certificates.is_empty() {
        document["certificates"] = serde_json::json!(certificates);
    }
    match form {
        Form::Json => json(&document)?,
        Form::Events => anstream::println!("{document}"),
        Form::People | Form::Quiet => {
            for one in pending {
                anstream::eprintln!(
                    "{} {}: `shipway renew {environment} {}`",
                    "note:".cyan().bold(),
                    one.describe(),
                    one.service
                );
            }
            for line in certificates.iter().flat_map(certificate::lines) {
                anstream::eprintln!("{line}");
            }
            let text = format!(
                "nothing to change: {release} is live in {environment}, and all is as recorded"
            );
            match is_answer {
                true => anstream::println!("{text}"),
                false => anstream::eprintln!("{text}"),
            }
        }
    }
    Ok(())
}
