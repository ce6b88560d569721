//! `restart` and `deploy.restart_policy`.

use super::keys;
use super::reader::{Field, Reader};
use crate::model::{Restart, RestartCondition};

pub(super) fn restart(service: &Field<'_>, reader: &mut Reader) -> Restart {
    let short = short(service, reader);
    let policy = service
        .get("deploy")
        .and_then(|deploy| deploy.get("restart_policy"));
    match policy {
        Some(policy) => long(&policy, reader),
        None => short.unwrap_or_default(),
    }
}

fn short(service: &Field<'_>, reader: &mut Reader) -> Option<Restart> {
    let field = service.get("restart")?;
    let text = reader.text(&field)?;
    let (name, attempts) = match text.split_once(':') {
        Some((name, attempts)) => (name, Some(attempts)),
        None => (text.as_str(), None),
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
            let expected = "`no`, `always`, `unless-stopped`, `on-failure` or `on-failure:NUMBER`";
            reader.wrong_value(&field, expected);
            None
        }
    }
}

fn long(policy: &Field<'_>, reader: &mut Reader) -> Restart {
    if reader.map(policy).is_none() {
        return Restart::default();
    }
    reader.check_keys(policy, keys::RESTART_POLICY);
    Restart {
        condition: condition(policy, reader),
        max_attempts: reader.number_at(policy, "max_attempts"),
        delay: reader.duration_at(policy, "delay"),
    }
}

fn condition(policy: &Field<'_>, reader: &mut Reader) -> RestartCondition {
    // A policy without a condition restarts on any exit.
    let Some(field) = policy.get("condition") else {
        return RestartCondition::Always;
    };
    match field.node.as_str() {
        Some("none" | "no") => RestartCondition::Never,
        Some("on-failure") => RestartCondition::OnFailure,
        // Engines take the words of `restart` here as well.
        Some("any" | "always" | "unless-stopped") => RestartCondition::Always,
        Some(_) => {
            reader.wrong_value(&field, "`none`, `on-failure` or `any`");
            RestartCondition::Never
        }
        None => {
            reader.wrong_type(&field, "a text");
            RestartCondition::Never
        }
    }
}
