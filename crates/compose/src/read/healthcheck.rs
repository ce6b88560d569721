//! `healthcheck`.

use std::time::Duration;

use super::field::{flag, number, time, words};
use super::reader::Reader;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{HealthTest, Healthcheck};
use crate::yaml::Node;

/// The engine's default for both `interval` and `timeout`.
const THIRTY_SECONDS: Duration = Duration::from_secs(30);

/// The engine's default.
const RETRIES: u32 = 3;

pub(super) fn healthcheck(service: &Node, name: &str, reader: &mut Reader) -> Option<Healthcheck> {
    let node = service
        .get("healthcheck")
        .filter(|node| node.as_map().is_some())?;
    if flag(node, "disable") == Some(true) {
        return None;
    }
    let Some(words) = words(node, "test") else {
        let message = format!(
            "`services.{name}.healthcheck` has no `test`: the image's own is not known here"
        );
        let warning = Diagnostic::new(Code::NoHealthTest, message);
        reader.diagnostics.push(warning.with_label(node.span, ""));
        return None;
    };
    Some(Healthcheck {
        test: test(&words)?,
        interval: time(node, "interval").unwrap_or(THIRTY_SECONDS),
        timeout: time(node, "timeout").unwrap_or(THIRTY_SECONDS),
        retries: number(node, "retries").unwrap_or(RETRIES),
        start_period: time(node, "start_period").unwrap_or_default(),
    })
}

fn test(words: &[String]) -> Option<HealthTest> {
    match words.split_first()? {
        (first, command) if first == "CMD" => Some(HealthTest::Command(command.to_vec())),
        (first, [line]) if first == "CMD-SHELL" => Some(HealthTest::Shell(line.clone())),
        // `NONE` takes the image's own away.
        _ => None,
    }
}
