//! `restart` and `deploy.restart_policy`.

use super::field::{number, time};
use super::reader::Reader;
use crate::diagnostic::Code;
use crate::model::{Restart, RestartCondition};
use crate::yaml::Node;

pub(super) fn restart(service: &Node, name: &str, reader: &mut Reader) -> Restart {
    let short = short(service, name, reader);
    match service.at(&["deploy", "restart_policy"]) {
        Some(policy) if policy.as_map().is_some() => Restart {
            condition: condition(policy, name, reader),
            max_attempts: number(policy, "max_attempts"),
            delay: time(policy, "delay"),
        },
        _ => short.unwrap_or_default(),
    }
}

fn short(service: &Node, service_name: &str, reader: &mut Reader) -> Option<Restart> {
    let node = service.get("restart")?;
    let text = node.as_str()?;
    let (name, attempts) = match text.split_once(':') {
        Some((name, attempts)) => (name, Some(attempts)),
        None => (text, None),
    };
    let condition = match name {
        "no" => Some(RestartCondition::Never),
        "always" | "unless-stopped" => Some(RestartCondition::Always),
        "on-failure" => Some(RestartCondition::OnFailure),
        _ => None,
    };
    let max_attempts = attempts.map(|attempts| attempts.parse().ok());
    let counted = condition == Some(RestartCondition::OnFailure) || attempts.is_none();
    match (condition, max_attempts) {
        (Some(condition), None) => Some(Restart {
            condition,
            ..Restart::default()
        }),
        (Some(condition), Some(Some(max))) if counted => Some(Restart {
            condition,
            max_attempts: Some(max),
            delay: None,
        }),
        _ => {
            let message = format!(
                "`services.{service_name}.restart` must be `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:NUMBER`, not `{text}`"
            );
            reader.error(Code::WrongValue, message, node.span);
            None
        }
    }
}

fn condition(policy: &Node, service_name: &str, reader: &mut Reader) -> RestartCondition {
    // A policy without a condition restarts on any exit.
    let Some(node) = policy.get("condition") else {
        return RestartCondition::Always;
    };
    match node.as_str() {
        Some("none" | "no") => RestartCondition::Never,
        Some("on-failure") => RestartCondition::OnFailure,
        // Engines take the words of `restart` here as well.
        Some("any" | "always" | "unless-stopped") => RestartCondition::Always,
        Some(text) => {
            let message = format!(
                "`services.{service_name}.deploy.restart_policy.condition` must be `none`, `on-failure` or `any`, not `{text}`"
            );
            reader.error(Code::WrongValue, message, node.span);
            RestartCondition::Never
        }
        None => RestartCondition::Never,
    }
}
