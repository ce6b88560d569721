//! A PostgreSQL server of the test's own, in a directory of its own, gone afterwards.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Where distributions put servers, beside `PATH`.
const PLACES: &str = "/usr/lib/postgresql";

/// A statement that waits is seen to within this time, or something is wrong.
const LONGEST: Duration = Duration::from_secs(60);

/// Ends an answer of a session.
const END: &str = "--end--";

/// A server that listens on a socket in its directory.
pub(crate) struct Server {
    directory: PathBuf,
    programs: Option<PathBuf>,
    user: Option<u32>,
    process: Child,
}

/// A connection that stays open.
pub(crate) struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// A statement that runs beside others.
pub(crate) struct Background(Child);

// === impl Server ===

impl Server {
    pub(crate) fn start() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("shipway-postgres-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        let programs = programs();
        let user = unprivileged(&directory);
        let command = |name: &str| command(programs.as_deref(), name, user, &directory);
        let status = command("initdb")
            .args([
                "-D",
                "data",
                "-A",
                "trust",
                "-U",
                "test",
                "-E",
                "UTF8",
                "--no-sync",
            ])
            .status()
            .expect(
                "PostgreSQL's server is needed; on Debian and Ubuntu: apt-get install postgresql",
            );
        assert!(status.success(), "initdb failed");
        let process = command("postgres")
            .args([
                "-D",
                "data",
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "autovacuum=off",
                "-k",
            ])
            .arg(&directory)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            directory,
            programs,
            user,
            process,
        };
        let began = Instant::now();
        while server.try_say("SELECT 1").is_err() {
            assert!(began.elapsed() < LONGEST, "the server does not answer");
            std::thread::yield_now();
        }
        server
    }

    /// Runs statements in a session of their own.
    pub(crate) fn say(&self, sql: &str) -> String {
        self.try_say(sql).unwrap()
    }

    pub(crate) fn try_say(&self, sql: &str) -> Result<String, String> {
        // Each line is a statement of its own, unlike with `-c`.
        let mut child = self
            .psql()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(sql.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    pub(crate) fn session(&self) -> Session {
        let mut child = self
            .psql()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Session {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Runs a statement beside others, in a session that is called `watched`.
    pub(crate) fn background(&self, sql: &str) -> Background {
        let child = self
            .psql()
            .env("PGAPPNAME", "watched")
            .args(["-c", sql])
            .spawn();
        Background(child.unwrap())
    }

    /// Asks until there is an answer.
    pub(crate) fn wait_for(&self, sql: &str) -> String {
        let began = Instant::now();
        loop {
            let answer = self.say(sql);
            if !answer.is_empty() {
                return answer;
            }
            assert!(began.elapsed() < LONGEST, "nothing answers: {sql}");
        }
    }

    fn psql(&self) -> Command {
        let mut command = Command::new(program(self.programs.as_deref(), "psql"));
        command
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "test",
                "-d",
                "postgres",
                "-h",
            ])
            .arg(&self.directory);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Killed, it would leave its shared memory behind.
        let _ = command(
            self.programs.as_deref(),
            "pg_ctl",
            self.user,
            &self.directory,
        )
        .args(["-D", "data", "-m", "immediate", "stop"])
        .status();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

// === impl Session ===

impl Session {
    /// Runs statements and gives the answer of the last.
    pub(crate) fn say(&mut self, sql: &str) -> String {
        writeln!(self.input, "{sql}\n\\echo {END}").unwrap();
        self.input.flush().unwrap();
        let mut last = String::new();
        loop {
            let mut line = String::new();
            let length = self.output.read_line(&mut line).unwrap();
            assert!(length > 0, "the session ended at: {sql}");
            if line.trim() == END {
                return last;
            }
            line.trim().clone_into(&mut last);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// === impl Background ===

impl Background {
    pub(crate) fn finish(mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

/// The newest server's programs, where they are not in `PATH`.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(PLACES)
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            let programs = path.join("bin");
            programs
                .join("initdb")
                .exists()
                .then_some((version, programs))
        })
        .collect();
    versions.sort();
    versions.pop().map(|(_, programs)| programs)
}

/// A program of the server's, as the server's user.
fn command(programs: Option<&Path>, name: &str, user: Option<u32>, directory: &Path) -> Command {
    let mut command = Command::new(program(programs, name));
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command.current_dir(directory).stdout(Stdio::null());
    command
}

fn program(programs: Option<&Path>, name: &str) -> PathBuf {
    programs.map_or_else(|| PathBuf::from(name), |programs| programs.join(name))
}

/// The server refuses to run as root: then the directory is given to somebody without rights.
fn unprivileged(directory: &Path) -> Option<u32> {
    /// `nobody`, on every Linux there is.
    const NOBODY: u32 = 65_534;
    let is_root = std::fs::metadata(directory).unwrap().uid() == 0;
    is_root.then(|| {
        chown(directory, Some(NOBODY), Some(NOBODY)).unwrap();
        NOBODY
    })
}
