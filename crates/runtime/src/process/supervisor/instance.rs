//! One instance: started, watched, started again, stopped.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::signal::unix;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, timeout};

use super::super::child::{self, Child};
use super::super::identity::Identity;
use super::super::launch::Launch;
use super::super::reaper::Reaper;
use super::super::spec::Spec;
use super::super::status::{Ending, Status};
use super::super::{procfs, stop_signal};
use super::health::Checker;
use super::output::Output;
use super::report::Report;
use super::restart::{Next, Streak};
use crate::clock;
use crate::{Exit, Health, HealthStatus, State};

/// What a supervisor holds.
pub(super) struct Instance {
    pub(super) directory: PathBuf,
    pub(super) spec: Spec,
    pub(super) launch: Launch,
    pub(super) status: Status,
    pub(super) reaper: Reaper,
    pub(super) output: Output,
    pub(super) terminate: unix::Signal,
    pub(super) interrupt: unix::Signal,
    pub(super) report: Report,
}

/// How one start of the service ended.
enum Ended {
    /// It never ran.
    NotStarted { reason: String },
    /// By itself.
    Alone { exit: Exit, ran: Duration },
    /// Because the supervisor was asked to stop it.
    Stopped { exit: Exit, ending: Ending },
}

// === impl Instance ===

impl Instance {
    /// Runs the service until it has ended for good or was stopped.
    pub(super) async fn run(mut self) -> io::Result<()> {
        self.status.write(&self.directory)?;
        let mut streak = Streak::default();
        loop {
            let (exit, ran) = match self.run_once().await? {
                Ended::Stopped { exit, ending } => return self.finish(exit, Some(ending)),
                Ended::Alone { exit, ran } => (exit, ran),
                // As a container that cannot be created: an error, nothing to try again.
                Ended::NotStarted { reason } if self.report.is_open() => {
                    self.status_exited(Exit::NotStarted)?;
                    self.report.failed(&reason);
                    return Ok(());
                }
                Ended::NotStarted { .. } => (Exit::NotStarted, Duration::ZERO),
            };
            let delay = match streak.decide(&self.spec.service.restart, exit, ran) {
                Next::End => return self.finish(exit, None),
                Next::Restart(delay) => delay,
            };
            self.output
                .note(&format!("{exit}, started again in {delay:?}"));
            self.status.state = State::Restarting { exit };
            self.status.write(&self.directory)?;
            if self.is_stopped_within(delay).await {
                return self.finish(exit, Some(Ending::WasGone));
            }
            self.status.restarts = self.status.restarts.saturating_add(1);
        }
    }

    async fn run_once(&mut self) -> io::Result<Ended> {
        let (streams, copier) = self.output.streams()?;
        let killed_before = procfs::out_of_memory_kills();
        let launcher = self.spec.launcher.clone();
        let child = match child::spawn(&launcher, &self.launch, streams, &self.reaper).await {
            Ok(child) => child,
            Err(reason) => {
                copier.finish().await;
                self.output.note(&reason);
                return Ok(Ended::NotStarted { reason });
            }
        };
        let started = Instant::now();
        self.status_running(child.pid)?;
        self.report.started();
        let (results, mut health) = unbounded_channel();
        let checks = self.spec.service.healthcheck.as_ref().map(|check| {
            let checker = Checker::new(check, &launcher, &self.launch, &self.reaper);
            tokio::spawn(checker.run(results))
        });
        let ended = self.watch(child, &mut health, started).await?;
        if let Some(checks) = checks {
            checks.abort();
        }
        // As in a container, nothing outlives the main process.
        self.reaper.kill_all().await;
        copier.finish().await;
        Ok(match ended {
            Ended::Alone { exit, ran } => Ended::Alone {
                exit: refine(exit, killed_before),
                ran,
            },
            ended @ (Ended::NotStarted { .. } | Ended::Stopped { .. }) => ended,
        })
    }

    async fn watch(
        &mut self,
        mut child: Child,
        health: &mut UnboundedReceiver<Health>,
        started: Instant,
    ) -> io::Result<Ended> {
        loop {
            tokio::select! {
                // A process that was reaped must not be signalled any more.
                biased;
                exit = &mut child.ended => {
                    let exit = exit.map_err(io::Error::other)?;
                    return Ok(Ended::Alone { exit, ran: started.elapsed() });
                }
                Some(result) = health.recv() => {
                    if self.status.health.as_ref() != Some(&result) {
                        self.status.health = Some(result);
                        self.status.write(&self.directory)?;
                    }
                }
                _ = self.terminate.recv() => return self.stop(child).await,
                _ = self.interrupt.recv() => return self.stop(child).await,
            }
        }
    }

    async fn stop(&mut self, mut child: Child) -> io::Result<Ended> {
        let service = &self.spec.service;
        self.output
            .note(&format!("stopped by {}", service.stop_signal));
        // The starter refuses a signal it does not know.
        let signal = stop_signal::parse(&service.stop_signal).unwrap_or(Signal::TERM);
        // One that ended meanwhile is reaped below.
        let _ = kill_process(child.pid, signal);
        if let Ok(exit) = timeout(service.stop_grace_period, &mut child.ended).await {
            let exit = exit.map_err(io::Error::other)?;
            let ending = Ending::Gracefully;
            return Ok(Ended::Stopped { exit, ending });
        }
        self.output.note(&format!(
            "still there after {:?}, killed",
            service.stop_grace_period
        ));
        // Not reaped yet, so the group's number is still its own.
        let _ = kill_process_group(child.pid, Signal::KILL);
        let exit = child.ended.await.map_err(io::Error::other)?;
        let ending = Ending::Killed;
        Ok(Ended::Stopped { exit, ending })
    }

    async fn is_stopped_within(&mut self, delay: Duration) -> bool {
        tokio::select! {
            () = sleep(delay) => false,
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => true,
        }
    }

    fn finish(mut self, exit: Exit, stopped: Option<Ending>) -> io::Result<()> {
        self.output.note(&format!("ended: {exit}"));
        self.status.stopped = stopped;
        self.status_exited(exit)
    }

    fn status_running(&mut self, pid: Pid) -> io::Result<()> {
        self.status.main = Identity::of(pid);
        self.status.state = State::Running {
            since: clock::now(),
            pid: pid.as_raw_nonzero().get().unsigned_abs(),
        };
        self.status.health = self.spec.service.healthcheck.as_ref().map(|_| Health {
            status: HealthStatus::Starting,
            last_output: String::new(),
        });
        self.status.write(&self.directory)
    }

    fn status_exited(&mut self, exit: Exit) -> io::Result<()> {
        let at = clock::now();
        self.status.state = State::Exited { exit, at };
        self.status.write(&self.directory)
    }
}

/// A SIGKILL that nobody here sent, while the kernel killed for want of memory, was the kernel's.
fn refine(exit: Exit, killed_before: u64) -> Exit {
    let is_killed = exit == Exit::Signal(Signal::KILL.as_raw());
    if is_killed && procfs::out_of_memory_kills() > killed_before {
        Exit::OutOfMemory
    } else {
        exit
    }
}
