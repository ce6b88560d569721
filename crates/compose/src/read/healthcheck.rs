//! `healthcheck`.

use std::time::Duration;

use super::keys;
use super::reader::{Field, Reader};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{HealthTest, Healthcheck};

/// The engine's default for both `interval` and `timeout`.
const THIRTY_SECONDS: Duration = Duration::from_secs(30);

/// The engine's default.
const RETRIES: u32 = 3;

pub(super) fn healthcheck(service: &Field<'_>, reader: &mut Reader) -> Option<Healthcheck> {
    let field = service.get("healthcheck")?;
    reader.map(&field)?;
    reader.check_keys(&field, keys::HEALTHCHECK);
    if reader.boolean_at(&field, "disable") == Some(true) {
        return None;
    }
    let test = test(&field, reader);
    let interval = reader
        .duration_at(&field, "interval")
        .unwrap_or(THIRTY_SECONDS);
    let timeout = reader
        .duration_at(&field, "timeout")
        .unwrap_or(THIRTY_SECONDS);
    let retries = reader.number_at(&field, "retries").unwrap_or(RETRIES);
    let start_period = reader
        .duration_at(&field, "start_period")
        .unwrap_or_default();
    Some(Healthcheck {
        test: test?,
        interval,
        timeout,
        retries,
        start_period,
    })
}

fn test(field: &Field<'_>, reader: &mut Reader) -> Option<HealthTest> {
    let Some(test) = field.get("test") else {
        let message = format!(
            "`{}` has no `test`: the image's own is not known here",
            field.name
        );
        let warning = Diagnostic::new(Code::NoHealthTest, message);
        reader
            .diagnostics
            .push(warning.with_label(field.node.span, ""));
        return None;
    };
    if let Some(line) = test.node.as_str() {
        return Some(HealthTest::Shell(line.to_owned()));
    }
    let words = reader.texts_at(field, "test");
    match words.split_first() {
        Some((first, _)) if first == "NONE" => None,
        Some((first, command)) if first == "CMD" && !command.is_empty() => {
            Some(HealthTest::Command(command.to_vec()))
        }
        Some((first, [line])) if first == "CMD-SHELL" => Some(HealthTest::Shell(line.clone())),
        _ => {
            let message = format!(
                "`{}` must start with `CMD`, `CMD-SHELL` or `NONE`",
                test.name
            );
            let help = "`[CMD, program, argument]`, `[CMD-SHELL, line]` or `[NONE]`".to_owned();
            reader.error_with_help(Code::WrongValue, message, test.node.span, help);
            None
        }
    }
}
