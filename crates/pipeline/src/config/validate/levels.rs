//! How serious findings are.

use shipway_compose::diagnostic::{Code, Level, Levels, UnknownCode};

use super::Checker;
use crate::config::error::problem;
use crate::config::raw;

impl Checker {
    pub(super) fn levels(&mut self, raw: raw::Levels) -> Levels {
        let mut levels = Levels::new();
        for (name, level) in raw {
            let code: Code = match name.value.parse() {
                Ok(code) => code,
                Err(error) => {
                    let error: UnknownCode = error;
                    self.report(problem(name.span, error.to_string()).with_help(error.help()));
                    continue;
                }
            };
            let level = match level {
                raw::Level::Error => Level::Error,
                raw::Level::Warning => Level::Warning,
                raw::Level::Off => Level::Off,
            };
            if let Err(error) = levels.try_set(code, level) {
                let help =
                    format!("remove it; `shipway explain {code}` tells how to mend the file");
                self.report(problem(name.span, error.to_string()).with_help(help));
            }
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use shipway_compose::diagnostic::{Code, Level};

    use crate::config::parse;

    fn file(top: &str, below: &str) -> String {
        format!(
            "project: app\ndiagnostics: {{{top}}}\nenvironments:\n  a:\n    \
             route: {{listen: 1}}\n    diagnostics: {{{below}}}\n  b: {{route: {{listen: 2}}}}\n"
        )
    }

    #[test]
    fn an_environments_levels_are_over_the_projects() {
        let text = file(
            "missing-limits: off, unknown-key: warning",
            "missing-limits: error",
        );
        let config = parse(&text).unwrap();
        let level = |name: usize, code| config.environments[name].diagnostics.level(code);
        assert_eq!(level(0, Code::MissingLimits), Level::Error);
        assert_eq!(level(1, Code::MissingLimits), Level::Off);
        assert_eq!(level(0, Code::UnknownKey), Level::Warning);
    }

    #[test]
    fn codes_that_do_not_exist_or_are_always_errors_are_refused() {
        let problems = parse(&file("unknown-keys: off", "wrong-type: warning")).unwrap_err();
        let told: Vec<&str> = problems.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(
            told,
            [
                "there is no diagnostic `unknown-keys`",
                "`wrong-type` is always an error: a file with it cannot be used",
            ]
        );
        assert_eq!(
            problems[0].help.as_deref(),
            Some("did you mean `unknown-key`?")
        );
        assert!(parse(&file("unknown-key: of", "")).is_err());
    }
}
