//! Requests for people.

use owo_colors::OwoColorize as _;
use shipway_pipeline::promotion::{Approvals, Lane};
use shipway_pipeline::request::{Request, Standing, State};

use super::time;

/// Tells what is asked for, by whom and why.
pub(crate) fn tell(request: &Request) {
    anstream::eprintln!("{}", lines(request).join("\n"));
}

/// What is asked for, by whom and why, and who said what of it.
pub(crate) fn lines(request: &Request) -> Vec<String> {
    let mut lines = vec![format!(
        "{} {} in {}, asked for by {} at {}: {}",
        request.id.bold(),
        request.want,
        request.environment,
        request.by,
        time::absolute(request.created),
        request.state
    )];
    if request.lane != Lane::Regular {
        lines.push(format!("  by {}", request.lane.as_str()));
    }
    lines.extend(
        request
            .reason
            .iter()
            .map(|reason| format!("  because {reason}")),
    );
    if let Some(agreement) = &request.agreement {
        lines.push(format!("  plan {}", agreement.digest));
    }
    for approval in &request.approvals {
        let at = time::absolute(approval.at);
        lines.push(format!("  approved by {} at {at}", approval.by));
    }
    lines
}

/// Tells whom it waits for, and what they do.
pub(crate) fn tell_waiting(request: &Request, rules: &Approvals) {
    let missing = match request.standing(rules) {
        Standing::Missing(missing) => missing,
        Standing::Complete => 0,
    };
    tell_missing(request, missing, &rules.groups);
}

/// Tells how many of which groups it waits for.
pub(crate) fn tell_missing(request: &Request, missing: u32, groups: &[String]) {
    let whom = match groups {
        [] => "anybody else".to_owned(),
        groups => groups.join(", "),
    };
    let until = match request.state {
        State::Waiting { expires } => format!(", until {}", time::absolute(expires)),
        _ => String::new(),
    };
    anstream::eprintln!(
        "{} waits for {missing} more {} of {whom}{until}",
        request.id.bold(),
        if missing == 1 {
            "approval"
        } else {
            "approvals"
        }
    );
    anstream::eprintln!("{} shipway approve {}", "next:".cyan().bold(), request.id);
}
