//! The exec shim: ties a program's life to its parent's, then becomes the program.
//!
//! The parent-death signal can be set between fork and exec only by unsafe code, so a process of
//! its own sets it. Its standard input is a pipe on which it reports why the program could not be
//! executed; a pipe that closes without a word says that it was.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

/// What a shell exits with when it cannot execute a command.
const NOT_EXECUTED: u8 = 127;

pub(super) fn run(parent: &OsStr, words: impl Iterator<Item = OsString>) -> ExitCode {
    let Ok(mut report) = take_report() else {
        return ExitCode::from(NOT_EXECUTED);
    };
    let reason = become_program(parent, words);
    // Nobody is left to be told when this fails.
    let _ = report.write_all(reason.as_bytes());
    ExitCode::from(NOT_EXECUTED)
}

/// The same with the parent's standard streams, to which the reason is told as well.
pub(super) fn attach(parent: &OsStr, words: impl Iterator<Item = OsString>) -> ExitCode {
    let reason = become_program(parent, words);
    let _ = writeln!(io::stderr(), "{reason}");
    ExitCode::from(NOT_EXECUTED)
}

/// Returns only where it could not, and why.
fn become_program(parent: &OsStr, mut words: impl Iterator<Item = OsString>) -> String {
    match prepare(parent) {
        Err(error) => error.to_string(),
        Ok(()) => match words.next() {
            None => "no program given".to_owned(),
            Some(program) => {
                let error = Command::new(&program).args(words).exec();
                format!("cannot execute `{}`: {error}", program.display())
            }
        },
    }
}

/// Takes the pipe off the standard input; the copy is closed by a successful exec.
fn take_report() -> io::Result<File> {
    let report = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(File::from(report))
}

fn prepare(parent: &OsStr) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before the signal was set will not die again.
    let expected = parent
        .to_str()
        .and_then(|text| text.parse().ok())
        .and_then(Pid::from_raw);
    if getppid() == expected {
        Ok(())
    } else {
        Err(io::Error::other("the parent is gone"))
    }
}
