//! Django's own command: the ways in which it is called.

/// Programs that take Django's commands.
const PROGRAMS: [&str; 2] = ["manage.py", "django-admin"];

/// Options whose value is the next word, and whether other commands of Django's take them as well.
const WITH_VALUE: [(&str, bool); 5] = [
    ("--database", true),
    ("--settings", true),
    ("--pythonpath", true),
    ("--verbosity", false),
    ("-v", false),
];

/// A command that is `manage.py migrate` and nothing more, so that it can be told how far to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manage {
    /// All words up to the program.
    program: Vec<String>,
    /// The options of `migrate`.
    options: Vec<String>,
}

// === impl Manage ===

impl Manage {
    /// Reads a command; `None` of one that does something else or more.
    ///
    /// ```
    /// use shipway_pipeline::migration::Manage;
    /// let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    /// let manage = Manage::of(&words("python manage.py migrate --noinput")).unwrap();
    /// let command = manage.migrate("shop", Some("0002"));
    /// assert_eq!(command, words("python manage.py migrate --noinput shop 0002"));
    /// assert_eq!(manage.plan(), words("python manage.py showmigrations --plan"));
    /// assert!(Manage::of(&words("sh -c ./migrate.sh")).is_none());
    /// ```
    pub fn of(command: &[String]) -> Option<Self> {
        let is_program = |word: &String| {
            let name = word.rsplit('/').next().unwrap_or(word);
            PROGRAMS.contains(&name)
        };
        let at = command.iter().position(is_program)?;
        let (program, rest) = command.split_at(at + 1);
        let (verb, options) = rest.split_first()?;
        let has_only_options = is_options(options);
        (verb == "migrate" && has_only_options).then(|| Self {
            program: program.to_vec(),
            options: options.to_vec(),
        })
    }

    /// Brings one app to a migration, or to its last one.
    pub fn migrate(&self, app: &str, name: Option<&str>) -> Vec<String> {
        let mut words = self.with("migrate");
        words.extend(self.options.iter().cloned());
        words.extend([Some(app), name].into_iter().flatten().map(str::to_owned));
        words
    }

    /// Lists all migrations, in the order in which they are applied.
    pub fn plan(&self) -> Vec<String> {
        let mut words = self.with("showmigrations");
        words.push("--plan".to_owned());
        words.extend(self.common_options());
        words
    }

    fn with(&self, verb: &str) -> Vec<String> {
        let mut words = self.program.clone();
        words.push(verb.to_owned());
        words
    }

    fn common_options(&self) -> Vec<String> {
        let is_common = |word: &str| {
            let mut known = WITH_VALUE.iter();
            known.any(|(name, is_common)| *is_common && *name == word)
        };
        let mut found = Vec::new();
        let mut words = self.options.iter();
        while let Some(word) = words.next() {
            match word.split_once('=') {
                Some((name, _)) if is_common(name) => found.push(word.clone()),
                None if is_common(word) => {
                    found.push(word.clone());
                    found.extend(words.next().cloned());
                }
                _ => {}
            }
        }
        found
    }
}

/// Whether words are nothing but options: `migrate shop` means one app already.
fn is_options(words: &[String]) -> bool {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let takes_value = WITH_VALUE.iter().any(|(name, _)| name == word);
        if takes_value {
            words.next();
        } else if !word.starts_with('-') {
            return false;
        }
    }
    true
}

/// The apps that lack migrations and the names of those, by what `showmigrations --plan` says.
///
/// Each line is `[X]  app.name` or `[ ]  app.name`; others are not its own.
pub fn parse_plan<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<(String, String)> {
    let pending = lines.into_iter().filter_map(|line| {
        let name = line.trim().strip_prefix("[ ]")?.trim();
        let name = name.split_whitespace().next()?;
        let (app, name) = name.split_once('.')?;
        Some((app.to_owned(), name.to_owned()))
    });
    pending.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn only_a_command_that_migrates_all_is_taken_apart() {
        for line in [
            "python manage.py migrate",
            "/srv/venv/bin/python -B src/manage.py migrate --noinput -v 2",
            "django-admin migrate --settings=x --database other",
        ] {
            assert!(Manage::of(&words(line)).is_some(), "{line}");
        }
        for line in [
            "python manage.py migrate shop",
            "python manage.py loaddata",
            "python manage.py",
            "sh -c manage.py",
        ] {
            assert!(Manage::of(&words(line)).is_none(), "{line}");
        }
    }

    #[test]
    fn the_list_is_asked_for_with_the_same_settings() {
        let command = words("django-admin migrate -v 2 --settings=x --database other --noinput");
        let manage = Manage::of(&command).unwrap();
        let plan = manage.plan().join(" ");
        assert_eq!(
            plan,
            "django-admin showmigrations --plan --settings=x --database other"
        );
        let all = manage.migrate("auth", None).join(" ");
        assert!(all.ends_with("--noinput auth"), "{all}");
    }

    #[test]
    fn what_is_pending_stands_in_the_list() {
        let lines = "a warning\n[X]  auth.0001_initial\n[ ]  shop.0002_add\n[ ]  shop.0003_x  (1 squashed migrations)";
        let pending = parse_plan(lines.lines());
        assert_eq!(pending.len(), 2);
        assert_eq!(pending[1], ("shop".to_owned(), "0003_x".to_owned()));
    }
}
