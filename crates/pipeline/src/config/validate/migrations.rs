//! How migrations are looked at and run.

use std::collections::BTreeMap;

use shipway_compose::diagnostic::nearest;
use shipway_migrations::{Severity, rule, rules};

use super::Checker;
use crate::config::error::problem;
use crate::config::raw::{self, OneOrMany};
use crate::config::{Migrate, Migrations, Tool, default};

/// Programs that run Django's migrations.
const DJANGO: [&str; 2] = ["manage.py", "django-admin"];

impl Checker {
    pub(super) fn migrations(
        &mut self,
        raw: Option<raw::Migrations>,
        migrate: Option<&Migrate>,
    ) -> Migrations {
        let raw = raw.unwrap_or_default();
        let longest = migrate.map_or(default::MIGRATE_TIMEOUT, |migrate| migrate.timeout);
        Migrations {
            tool: match raw.tool {
                Some(raw::Tool::Django) => Tool::Django,
                Some(raw::Tool::Sql) => Tool::Sql,
                Some(raw::Tool::None) => Tool::None,
                None if migrate.is_some_and(is_django) => Tool::Django,
                None => Tool::None,
            },
            paths: raw.paths.map_or_else(Vec::new, OneOrMany::into_vec),
            postgres: raw.postgres,
            lock_timeout: self.duration(raw.lock_timeout, default::LOCK_TIMEOUT),
            statement_timeout: self.duration(raw.statement_timeout, longest),
            retries: raw.retries.unwrap_or(default::MIGRATION_RETRIES),
            rules: self.severities(raw.rules.unwrap_or_default()),
        }
    }

    /// What an environment says, over what the project does.
    pub(super) fn overrides(&mut self, raw: raw::Overrides, project: Migrations) -> Migrations {
        let mut rules = project.rules;
        rules.extend(self.severities(raw.rules.unwrap_or_default()));
        Migrations {
            postgres: raw.postgres.or(project.postgres),
            lock_timeout: self.duration(raw.lock_timeout, project.lock_timeout),
            statement_timeout: self.duration(raw.statement_timeout, project.statement_timeout),
            retries: raw.retries.unwrap_or(project.retries),
            rules,
            ..project
        }
    }

    fn severities(&mut self, raw: raw::Rules) -> BTreeMap<String, Severity> {
        let mut found = BTreeMap::new();
        for (name, severity) in raw {
            if rule(&name.value).is_none() {
                let told = problem(name.span, format!("there is no rule `{}`", name.value));
                let near = nearest(&name.value, rules().iter().map(|rule| rule.id));
                self.report(match near {
                    Some(near) => told.with_help(format!("did you mean `{near}`?")),
                    None => told.with_help("`shipway explain` lists them"),
                });
            }
            let severity = match severity {
                raw::RuleSeverity::Error => Severity::Error,
                raw::RuleSeverity::Warning => Severity::Warning,
                raw::RuleSeverity::Info => Severity::Info,
                raw::RuleSeverity::Off => Severity::Off,
            };
            found.insert(name.value, severity);
        }
        found
    }
}

fn is_django(migrate: &Migrate) -> bool {
    migrate.command.iter().any(|word| {
        let program = word.rsplit('/').next().unwrap_or(word);
        // Also inside of a line for a shell.
        DJANGO
            .iter()
            .any(|name| program == *name || word.contains(&format!("{name} ")))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::parse;

    fn read(top: &str, below: &str) -> Vec<Migrations> {
        let text = format!(
            "project: app\n{top}\nenvironments:\n  a:\n    route: {{listen: 1}}\n    \
             migrations: {{{below}}}\n  b: {{route: {{listen: 2}}}}\n"
        );
        let config = parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let environments = config.environments.into_values();
        environments.map(|one| one.migrations).collect()
    }

    #[test]
    fn the_command_tells_what_migrations_are_written_for() {
        let tool = |command: &str| {
            let top = format!("migrate: {{service: web, command: \"{command}\", timeout: 3m}}");
            read(&top, "")[0].clone()
        };
        assert_eq!(tool("python manage.py migrate").tool, Tool::Django);
        assert_eq!(
            tool("sh -c 'cd src && ./manage.py migrate'").tool,
            Tool::Django
        );
        assert_eq!(tool("alembic upgrade head").tool, Tool::None);
        assert_eq!(read("", "")[0].tool, Tool::None);
        assert_eq!(read("migrations: {tool: sql}", "")[0].tool, Tool::Sql);
        let found = tool("python manage.py migrate");
        assert_eq!(found.statement_timeout, Duration::from_secs(180));
        assert_eq!(
            (found.lock_timeout, found.retries),
            (Duration::from_secs(1), 5)
        );
    }

    #[test]
    fn an_environments_word_is_over_the_projects() {
        let found = read(
            "migrations: {retries: 2, rules: {drop-column: warning, opaque: off}}",
            "lock_timeout: 3s, postgres: 16, rules: {opaque: error}",
        );
        assert_eq!(found[0].retries, 2);
        assert_eq!(found[0].lock_timeout, Duration::from_secs(3));
        assert_eq!((found[0].postgres, found[1].postgres), (Some(16), None));
        assert_eq!(found[0].rules["opaque"], Severity::Error);
        assert_eq!(found[0].rules["drop-column"], Severity::Warning);
        assert_eq!(found[1].rules["opaque"], Severity::Off);
    }

    #[test]
    fn rules_that_do_not_exist_are_refused() {
        let text = "project: app\nmigrations: {rules: {drop-colum: off}}\n\
                    environments: {a: {route: {listen: 1}}}\n";
        let problems = parse(text).unwrap_err();
        // The schema knows the names as well.
        assert!(problems[0].message.contains("drop-colum"), "{problems:#?}");
    }
}
