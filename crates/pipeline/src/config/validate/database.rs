//! The application's database: a service, a URL or a file, and never two of them.

use super::Checker;
use crate::config::Database;
use crate::config::error::problem;
use crate::config::raw::{self, VariableText};
use crate::config::tree::Placed;
use crate::notify::Reference;

impl Checker {
    pub(super) fn database(&mut self, raw: raw::Database) -> Option<Database> {
        let parts = [
            raw.service.as_ref().map(|one| one.span),
            raw.user.as_ref().map(|one| one.span),
            raw.name.as_ref().map(|one| one.span),
        ];
        let of_service = parts.into_iter().flatten().next();
        let elsewhere = raw.url.as_ref().map(|one| one.span);
        let elsewhere = elsewhere.or(raw.sqlite.as_ref().map(|one| one.span));
        if let (Some(place), Some(_)) = (of_service, elsewhere) {
            self.report(
                problem(place, "the database is a service or it is elsewhere")
                    .with_help("remove `service`, `user` and `name`, or remove `url` and `sqlite`"),
            );
        }
        match (raw.url, raw.sqlite) {
            (Some(url), Some(_)) => {
                let told = problem(url.span, "the database is a server's or a file");
                self.report(told.with_help("remove `url` or `sqlite`"));
                None
            }
            (Some(url), None) => self.url(url),
            (None, Some(file)) => self.sqlite(&file),
            (None, None) => Some(Database::Service {
                service: match raw.service {
                    Some(name) => Some(self.name(&name)?),
                    None => None,
                },
                user: raw.user.and_then(|user| self.identifier(user)),
                name: raw.name.and_then(|name| self.identifier(name)),
            }),
        }
    }

    /// A password in a file that is committed is none.
    fn url(&mut self, raw: Placed<VariableText>) -> Option<Database> {
        let Some(variable) = Reference::try_new(&raw.value.0) else {
            let told = problem(
                raw.span,
                "a URL with a password does not stand in this file",
            );
            let help = "name the variable that holds it, such as `${DATABASE_URL}`";
            self.report(told.with_help(help));
            return None;
        };
        Some(Database::Url {
            variable: variable.name().to_owned(),
        })
    }

    fn sqlite(&mut self, raw: &Placed<raw::VolumeFile>) -> Option<Database> {
        let is_part = |part: &str| !matches!(part, "" | "." | "..");
        let (volume, file) = raw.value.0.split_once('/').unwrap_or_default();
        if !is_part(volume) || !file.split('/').all(is_part) {
            let told = format!("`{}` is no file of a volume", raw.value.0);
            let help = "write the volume's name and the path in it, such as `data/db.sqlite3`";
            self.report(problem(raw.span, told).with_help(help));
            return None;
        }
        Some(Database::Sqlite {
            volume: volume.to_owned(),
            file: file.to_owned(),
        })
    }

    /// A role's or a database's name, which becomes the word of a command line.
    fn identifier(&mut self, raw: Placed<String>) -> Option<String> {
        if raw.value.is_empty() || raw.value.starts_with('-') || raw.value.contains('\0') {
            let told = format!("`{}` is no name of a role or a database", raw.value);
            self.report(problem(raw.span, told));
            return None;
        }
        Some(raw.value)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Database, parse};

    fn read(top: &str, below: &str) -> Result<Option<Database>, Vec<String>> {
        let text = format!(
            "project: app\n{top}\nenvironments:\n  a:\n    route: {{listen: 1}}\n    {below}\n"
        );
        let parsed = parse(&text);
        let config = parsed.map_err(|problems| {
            problems
                .into_iter()
                .map(|one| one.message)
                .collect::<Vec<_>>()
        });
        config.map(|config| config.environments[0].database.clone())
    }

    #[test]
    fn an_environments_database_is_over_the_projects() {
        assert_eq!(read("", ""), Ok(None));
        let of_project = read("database: { service: db, name: shop }", "").unwrap();
        let service = Database::Service {
            service: Some("db".parse().unwrap()),
            user: None,
            name: Some("shop".to_owned()),
        };
        assert_eq!(of_project, Some(service));
        let own = read(
            "database: { service: db }",
            "database: { url: '${DATABASE_URL}' }",
        );
        let url = Database::Url {
            variable: "DATABASE_URL".to_owned(),
        };
        assert_eq!(own, Ok(Some(url)));
    }

    #[test]
    fn a_file_is_named_by_its_volume() {
        let found = read("database: { sqlite: data/app/db.sqlite3 }", "").unwrap();
        let file = Database::Sqlite {
            volume: "data".to_owned(),
            file: "app/db.sqlite3".to_owned(),
        };
        assert_eq!(found, Some(file));
    }

    #[test]
    fn what_is_no_database_is_refused() {
        for bad in [
            "url: 'postgres://shop:secret@db/shop'",
            "url: '${1X}'",
            "url: '${A}', sqlite: data/x",
            "url: '${A}', service: db",
            "sqlite: data/x, name: shop",
            "sqlite: db.sqlite3",
            "sqlite: data/../x",
            "sqlite: /data/x",
            "user: '-x'",
        ] {
            assert!(
                read(&format!("database: {{ {bad} }}"), "").is_err(),
                "{bad}"
            );
        }
    }
}
