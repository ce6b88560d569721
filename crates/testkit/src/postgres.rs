//! A PostgreSQL server of the test's own, in a directory of its own, gone afterwards.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::small_disk::SmallDisk;

/// Where distributions put servers, beside `PATH`.
const PLACES: &str = "/usr/lib/postgresql";

/// A server that does not answer by then never will.
const LONGEST: Duration = Duration::from_secs(60);

/// `nobody`, on every Linux there is: the server refuses to run as root.
const NOBODY: u32 = 65_534;

/// A server that listens on a socket in its directory. Everybody is let in.
pub struct PostgresServer {
    // Before its directory, which cannot be removed while something is mounted there.
    _disk: Option<SmallDisk>,
    directory: tempfile::TempDir,
    programs: Option<PathBuf>,
    user: Option<u32>,
    process: Child,
}

impl PostgresServer {
    /// Whether a server can be made.
    #[must_use]
    pub fn is_installed() -> bool {
        let version = Command::new(path(programs().as_deref(), "initdb"))
            .arg("--version")
            .output();
        version.is_ok_and(|output| output.status.success())
    }

    /// Makes a server and waits until it answers. Its superuser is `test`.
    ///
    /// # Panics
    /// PostgreSQL's server is not installed, or does not start.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it starts processes")]
    pub fn new() -> Self {
        Self::made(None).expect("nothing was to be mounted")
    }

    /// The same with a disk of its own of so many MiB; `None` for those who may not mount one.
    ///
    /// # Panics
    /// PostgreSQL's server is not installed, or does not start.
    #[must_use]
    pub fn with_room(mebibytes: u64) -> Option<Self> {
        Self::made(Some(mebibytes))
    }

    fn made(mebibytes: Option<u64>) -> Option<Self> {
        // Short: a socket's path has about a hundred bytes.
        let directory = tempfile::Builder::new().prefix("pg").tempdir();
        let directory = directory.expect("a directory");
        let programs = programs();
        let is_root = std::fs::metadata(directory.path()).is_ok_and(|it| it.uid() == 0);
        let user = is_root.then_some(NOBODY);
        if let Some(user) = user {
            chown(directory.path(), Some(user), Some(user)).expect("a directory for the server");
        }
        let data = directory.path().join("data");
        std::fs::create_dir(&data).expect("it is empty");
        let disk = match mebibytes {
            Some(mebibytes) => Some(SmallDisk::at(&data, mebibytes)?),
            None => None,
        };
        if let Some(user) = user {
            chown(&data, Some(user), Some(user)).expect("a directory for the server");
        }
        let mut initdb = command(programs.as_deref(), "initdb", user, directory.path());
        initdb.args(["-D", "data", "-A", "trust", "-U", "test", "-E", "UTF8"]);
        // A server whose log cannot be written ends: what is to be full is the disk of the data.
        initdb
            .arg("--no-sync")
            .arg("-X")
            .arg(directory.path().join("wal"));
        let status = initdb.status().expect(
            "PostgreSQL's server is needed; on Debian and Ubuntu: apt-get install postgresql",
        );
        assert!(status.success(), "initdb failed");
        // Not by a word on its command line, as of a server that an image makes a database with.
        let mut settings = OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))
            .expect("initdb made it");
        writeln!(settings, "listen_addresses = ''").expect("there is room");
        let process = serve(programs.as_deref(), user, directory.path(), &[]);
        let server = Self {
            _disk: disk,
            directory,
            programs,
            user,
            process,
        };
        server.wait();
        Some(server)
    }

    /// Where its data are: on its own disk, where it has one.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Where its socket is.
    #[must_use]
    pub fn host(&self) -> &Path {
        self.directory.path()
    }

    /// The URL of one of its databases, for its superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let host = self.host().display().to_string().replace('/', "%2F");
        format!("postgres://test@/{database}?host={host}")
    }

    /// Runs statements, each on lines of its own, in a database, and gives what they answer.
    ///
    /// # Panics
    /// One is refused.
    pub fn say(&self, database: &str, sql: &str) -> String {
        self.try_say(database, sql)
            .unwrap_or_else(|reason| panic!("{sql}: {reason}"))
    }

    /// The same, or what the server has against it.
    ///
    /// # Errors
    /// One is refused, or the server does not answer.
    ///
    /// # Panics
    /// `psql` cannot be run.
    pub fn try_say(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = self.program("psql", database);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = psql.spawn().expect("psql");
        let mut input = child.stdin.take().expect("a stream");
        // One that could not connect tells why by its error stream.
        let _ = input.write_all(sql.as_bytes());
        drop(input);
        let output = child.wait_with_output().expect("psql");
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// One of PostgreSQL's programs, to be run on a database.
    #[must_use]
    pub fn program(&self, name: &str, database: &str) -> Command {
        let mut command = Command::new(path(self.programs.as_deref(), name));
        command
            .env("PGHOST", self.host())
            .env("PGUSER", "test")
            .env("PGDATABASE", database);
        command
    }

    /// Kills the server as a power failure would, with whatever it was at.
    ///
    /// # Panics
    /// It cannot be ended.
    pub fn crash(&mut self) {
        self.end("immediate");
    }

    /// Starts the server again.
    ///
    /// # Panics
    /// It does not answer.
    pub fn start_again(&mut self) {
        self.start_again_with(&[]);
    }

    /// The same, with more words on its command line.
    ///
    /// # Panics
    /// It does not answer.
    pub fn start_again_with(&mut self, words: &[&str]) {
        let directory = self.directory.path();
        self.process = serve(self.programs.as_deref(), self.user, directory, words);
        self.wait();
    }

    fn wait(&self) {
        let began = Instant::now();
        while self.try_say("postgres", "SELECT 1").is_err() {
            assert!(began.elapsed() < LONGEST, "the server does not answer");
            std::thread::yield_now();
        }
    }

    fn end(&mut self, how: &str) {
        let directory = self.directory.path();
        let mut stop = command(self.programs.as_deref(), "pg_ctl", self.user, directory);
        // Killed, it would leave its shared memory behind.
        let _ = stop.args(["-D", "data", "-m", how, "stop"]).status();
        let _ = self.process.wait();
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.end("immediate");
    }
}

fn serve(programs: Option<&Path>, user: Option<u32>, directory: &Path, words: &[&str]) -> Child {
    let mut postgres = command(programs, "postgres", user, directory);
    postgres
        .args(["-D", "data", "-c", "fsync=off"])
        // What it logs for a standby fills small disks.
        .args(["-c", "wal_level=minimal", "-c", "max_wal_senders=0"])
        .args(["-c", "max_wal_size=64MB", "-c", "min_wal_size=32MB"])
        .arg("-k")
        .arg(directory)
        .args(words)
        .stderr(Stdio::null());
    postgres.spawn().expect("PostgreSQL's server")
}

/// The newest server's programs, where they are not in `PATH`.
fn programs() -> Option<PathBuf> {
    let entries = std::fs::read_dir(PLACES).ok()?;
    let versions = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
        let programs = path.join("bin");
        let is_whole = programs.join("initdb").exists();
        is_whole.then_some((version, programs))
    });
    versions.max().map(|(_, programs)| programs)
}

/// A program of the server's, as the server's user.
fn command(programs: Option<&Path>, name: &str, user: Option<u32>, directory: &Path) -> Command {
    let mut command = Command::new(path(programs, name));
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command.current_dir(directory).stdout(Stdio::null());
    command
}

fn path(programs: Option<&Path>, name: &str) -> PathBuf {
    programs.map_or_else(|| PathBuf::from(name), |programs| programs.join(name))
}
