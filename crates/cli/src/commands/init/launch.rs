//! What a service's command tells: which program it is, and where it listens.

/// The words of a service's command, those inside of a shell's line too.
#[derive(Debug, Clone, Default)]
pub(super) struct Launch {
    words: Vec<String>,
}

/// What a program is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// Answers HTTP; with its name, and its port where nobody says another.
    Server(&'static str, Option<u16>),
    /// Takes work from a queue.
    Worker(&'static str),
    /// Starts work by the clock: two of them would start it twice.
    Scheduler(&'static str),
    /// Shows what goes on.
    Monitor(&'static str),
    /// Migrates the database and ends.
    Migration,
}

/// Programs that answer HTTP, by a word of their command.
const SERVERS: [(&str, Option<u16>); 15] = [
    ("gunicorn", Some(8000)),
    ("uvicorn", Some(8000)),
    ("runserver", Some(8000)),
    ("runserver_plus", Some(8000)),
    ("daphne", Some(8000)),
    ("hypercorn", Some(8000)),
    ("granian", Some(8000)),
    ("fastapi", Some(8000)),
    ("waitress-serve", Some(8080)),
    ("uwsgi", None),
    ("flask", Some(5000)),
    ("puma", Some(9292)),
    ("node", None),
    ("npm", None),
    ("next", Some(3000)),
];

/// Programs that take work from a queue.
const WORKERS: [&str; 8] = [
    "worker",
    "rqworker",
    "dramatiq",
    "rundramatiq",
    "run_huey",
    "qcluster",
    "sidekiq",
    "queue:work",
];

/// Programs that start work by the clock.
const SCHEDULERS: [&str; 10] = [
    "beat",
    "cron",
    "crond",
    "crontab",
    "supercronic",
    "scheduler",
    "rqscheduler",
    "runapscheduler",
    "schedule:work",
    "clock",
];

/// Options that are followed by where to listen.
const LISTEN: [&str; 8] = [
    "--bind",
    "-b",
    "--port",
    "-p",
    "--http",
    "--http-socket",
    "--listen",
    "--address",
];

// === impl Launch ===

impl Launch {
    pub(super) fn of(commands: &[&str]) -> Self {
        let words = commands.iter().flat_map(|command| {
            command.split(|c: char| c.is_whitespace() || "\"'[],;&|()".contains(c))
        });
        Self {
            words: words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The program's kind, as far as it is known.
    pub(super) fn program(&self) -> Option<Program> {
        let celery = self.has("celery");
        if celery && self.has("flower") {
            return Some(Program::Monitor("flower"));
        }
        if celery && ["-B", "--beat"].iter().any(|option| self.has(option)) {
            return Some(Program::Scheduler("beat"));
        }
        if let Some(name) = SCHEDULERS.into_iter().find(|name| self.has(name)) {
            return Some(Program::Scheduler(name));
        }
        let server = SERVERS.into_iter().find(|(name, _)| self.has(name));
        // `gunicorn … --worker-class` has another word; `celery … worker` has this one.
        if let Some(name) = WORKERS.into_iter().find(|name| self.has(name)) {
            return Some(Program::Worker(name));
        }
        if let Some((name, port)) = server {
            return Some(Program::Server(name, port));
        }
        self.has("migrate").then_some(Program::Migration)
    }

    /// The port that the command names.
    pub(super) fn port(&self) -> Option<u16> {
        let after = |(at, word): (usize, &String)| {
            let (option, given) = match word.split_once('=') {
                Some((option, given)) => (option, given),
                None => (word.as_str(), self.words.get(at + 1)?.as_str()),
            };
            let is_address = matches!(word.as_str(), "runserver" | "runserver_plus");
            (LISTEN.contains(&option) || is_address).then(|| port_of(given))?
        };
        let mut words = self.words.iter().enumerate();
        words.find_map(after).or_else(|| {
            // `gunicorn -b0.0.0.0:8000`, `runserver --noreload 0.0.0.0:8000`.
            let mut words = self.words.iter();
            words.find_map(|word| {
                let given = word.strip_prefix("-b").unwrap_or(word);
                let (host, _) = given.rsplit_once(':')?;
                let is_address = matches!(host, "" | "0.0.0.0" | "127.0.0.1" | "::" | "*");
                is_address.then(|| port_of(given))?
            })
        })
    }

    /// The path that a check asks for, as `curl -f http://localhost:8000/health/` does.
    pub(super) fn asked(&self) -> Option<Asked> {
        self.words.iter().find_map(|word| {
            let rest = word.strip_prefix("http://")?;
            let (authority, path) = match rest.find('/') {
                Some(at) => rest.split_at(at),
                None => (rest, "/"),
            };
            let path = path.split(['?', '#', '$']).next().unwrap_or("/");
            Some(Asked {
                path: path.to_owned(),
                port: authority
                    .rsplit_once(':')
                    .and_then(|(_, port)| port.parse().ok()),
            })
        })
    }

    /// The command of a migration, without a shell around it.
    pub(super) fn migration(&self) -> Option<String> {
        let at = self.words.iter().position(|word| word == "migrate")?;
        let python = self.words[..at]
            .iter()
            .rposition(|word| word.starts_with("python"))?;
        let options = self.words[at + 1..]
            .iter()
            .take_while(|word| word.starts_with('-'));
        let end = at + 1 + options.count();
        Some(self.words[python..end].join(" "))
    }

    fn has(&self, name: &str) -> bool {
        self.words
            .iter()
            .any(|word| word.rsplit('/').next() == Some(name))
    }
}

/// Where a health check asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) port: Option<u16>,
}

fn port_of(address: &str) -> Option<u16> {
    address
        .rsplit(':')
        .next()?
        .parse()
        .ok()
        .filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_from_the_commands_that_people_write() {
        let cases = [
            ("gunicorn --bind 0.0.0.0:8001 shop.wsgi", Some(8001)),
            ("gunicorn -b0.0.0.0:8002 shop.wsgi", Some(8002)),
            ("gunicorn --workers 4 --bind=:8003 shop.wsgi", Some(8003)),
            ("python manage.py runserver 0.0.0.0:8004", Some(8004)),
            (
                "python manage.py runserver --noreload 0.0.0.0:8005",
                Some(8005),
            ),
            ("python manage.py runserver 8006", Some(8006)),
            ("uvicorn app:app --host 0.0.0.0 --port 8007", Some(8007)),
            (
                "sh -c \"migrate && daphne -b 0.0.0.0 -p 8008 a:b\"",
                Some(8008),
            ),
            ("uvicorn shop.asgi:app", None),
            ("gunicorn --bind 0.0.0.0:$PORT shop.wsgi:application", None),
        ];
        for (line, port) in cases {
            assert_eq!(Launch::of(&[line]).port(), port, "{line}");
        }
    }

    #[test]
    fn programs_are_told_by_their_words() {
        let cases = [
            ("celery -A shop worker -l info", Program::Worker("worker")),
            ("celery -A shop worker -B", Program::Scheduler("beat")),
            ("celery -A shop beat", Program::Scheduler("beat")),
            (
                "celery -A shop flower --port=5555",
                Program::Monitor("flower"),
            ),
            ("/usr/sbin/crond -f", Program::Scheduler("crond")),
            ("python manage.py migrate --noinput", Program::Migration),
            (
                "sh -c 'python manage.py migrate && gunicorn --worker-class gevent a'",
                Program::Server("gunicorn", Some(8000)),
            ),
        ];
        for (line, program) in cases {
            assert_eq!(Launch::of(&[line]).program(), Some(program), "{line}");
        }
        assert_eq!(Launch::of(&["python app.py"]).program(), None);
    }

    #[test]
    fn a_check_tells_path_and_port_and_a_job_its_command() {
        let check = Launch::of(&["curl -fsS \"http://localhost:8000/healthz?full=1\" || exit 1"]);
        let asked = Asked {
            path: "/healthz".to_owned(),
            port: Some(8000),
        };
        assert_eq!(check.asked(), Some(asked));
        let job = Launch::of(&["sh -c 'python3 manage.py migrate --noinput && echo done'"]);
        assert_eq!(
            job.migration().as_deref(),
            Some("python3 manage.py migrate --noinput")
        );
    }
}
