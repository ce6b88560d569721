//! The supervisor process from its start to its end.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use rustix::process::{getpid, setsid};
use tokio::signal::unix::{SignalKind, signal};

use super::super::identity::Identity;
use super::super::log::Log;
use super::super::reaper::Reaper;
use super::super::spec::Spec;
use super::super::status::Status;
use super::instance::Instance;
use super::output::Output;
use super::report::Report;
use crate::{Exit, State};

/// Supervises the instance of the directory until it ends for good or is stopped.
pub(in super::super) fn run(directory: &Path) -> ExitCode {
    // Fails only where the process leads a group already, as when started by hand.
    let _ = setsid();
    let outcome = Report::take_stdout().and_then(|report| {
        let _lock = take_lock()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(supervise(directory, report))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Takes the lock off the standard input, to keep it from the service.
fn take_lock() -> io::Result<File> {
    let lock = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(File::from(lock))
}

async fn supervise(directory: &Path, mut report: Report) -> io::Result<()> {
    // Before the first status, whose pid invites a stopper's signal.
    let terminate = signal(SignalKind::terminate())?;
    let interrupt = signal(SignalKind::interrupt())?;
    let reaper = Reaper::start()?;
    let spec = Spec::read(directory)?;
    let mut log = Log::open(directory, spec.log)?;
    let own = Identity::of(getpid()).ok_or_else(|| io::Error::other("`/proc` shows nothing"))?;
    let claimed = spec
        .claim_port()
        .and_then(|claim| Ok((spec.resolve(claim.port())?, claim)));
    let (launch, claim) = match claimed {
        Ok(claimed) => claimed,
        Err(reason) => {
            log.note(&reason);
            let mut status = Status::new(own, 0);
            status.state = State::Exited {
                exit: Exit::NotStarted,
                at: crate::clock::now(),
            };
            // Before the report: a starter that tries again must not take this one for running.
            status.write(directory)?;
            report.failed(&reason);
            return Ok(());
        }
    };
    let instance = Instance {
        directory: directory.to_owned(),
        status: Status::new(own, claim.port()),
        spec,
        launch,
        reaper,
        output: Output::new(Arc::new(Mutex::new(log))),
        terminate,
        interrupt,
        report,
    };
    instance.run().await
}
