//! What happens, as it happens: a live tree at a terminal, plain lines elsewhere, NDJSON for
//! machines.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::OwoColorize;
use shipway_engine::certificates::Trouble;
use shipway_engine::event::{self, Event, Kind};
use shipway_engine::scale::render_changes;
use shipway_pipeline::deployment::Failure;
use shipway_pipeline::gate::Verdict;
use shipway_pipeline::journal::{Entry, Record};
use shipway_pipeline::name::GateName;
use shipway_pipeline::plan::{self, Plan, Stage};
use shipway_pipeline::time::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Form, certificate, step, time};

/// How often the live line moves.
const TICK: Duration = Duration::from_millis(100);

/// Begins the output: the first line for machines that follow carries the version.
pub(crate) fn begin(form: Form) {
    if form == Form::Events {
        anstream::println!(
            "{}",
            serde_json::json!({"event": "stream", "version": event::VERSION})
        );
    }
}

/// Follows what happens until nothing more will be told; gives the rest back.
pub(crate) async fn follow(
    mut events: UnboundedReceiver<Event>,
    form: Form,
) -> UnboundedReceiver<Event> {
    let mut teller = match form {
        Form::Json => Teller::Silent,
        Form::Events => Teller::Machine,
        Form::People | Form::Quiet => Teller::People(Box::new(People::new(form))),
    };
    while let Some(event) = events.recv().await {
        if matches!(event.kind, Kind::Closed) {
            break;
        }
        teller.tell(&event);
    }
    if let Teller::People(people) = teller {
        people.live.finish_and_clear();
    }
    events
}

enum Teller {
    Silent,
    Machine,
    People(Box<People>),
}

impl Teller {
    fn tell(&mut self, event: &Event) {
        match self {
            Self::Silent => {}
            Self::Machine => {
                if let Ok(line) = serde_json::to_string(event) {
                    anstream::println!("{line}");
                }
            }
            Self::People(people) => people.tell(event),
        }
    }
}

/// Tells people.
struct People {
    plan: Option<Plan>,
    stage: Option<Stage>,
    /// The step that is being performed.
    current: String,
    live: ProgressBar,
    is_terminal: bool,
    is_quiet: bool,
}

impl People {
    fn new(form: Form) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let live = if is_terminal {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("    {spinner} {msg}") {
            live.set_style(style);
        }
        Self {
            plan: None,
            stage: None,
            current: String::new(),
            live,
            is_terminal,
            is_quiet: form == Form::Quiet,
        }
    }

    fn tell(&mut self, event: &Event) {
        match &event.kind {
            Kind::Closed => {}
            Kind::Warning { text } => self.line(event.at, text),
            Kind::Certificate { trouble } => self.certificate(event.at, trouble),
            Kind::GateOutput { gate, line } => {
                self.news(event.at, &format!("{gate}: {}", line.dimmed()));
            }
            Kind::GateOver {
                gate,
                verdict,
                millis,
                is_known,
            } => self.gate(event.at, gate, verdict, *millis, *is_known),
            Kind::Building { line } => self.news(event.at, &format!("build: {line}")),
            Kind::Waiting {
                environment,
                holder,
            } => self.line(
                event.at,
                &format!("waiting for {environment}, held by {holder}"),
            ),
            // Told with who has to approve it, at the end.
            Kind::Asked { .. } => {}
            Kind::Planned { plan } => self.begin(event.at, plan),
            Kind::Journal { record, .. } => self.journal(record),
            Kind::Output { line, .. } => self.news(event.at, &line.dimmed().to_string()),
            Kind::Health {
                instance,
                healthy,
                detail,
                ..
            } => {
                let mark = if *healthy {
                    "healthy"
                } else {
                    "not healthy yet"
                };
                self.news(event.at, &format!("{instance} {mark}: {detail}"));
            }
            Kind::Look {
                requests,
                errors,
                p95_millis,
                remaining_millis,
                ..
            } => {
                let p95 = p95_millis.map_or_else(String::new, |p95| format!(", p95 {p95} ms"));
                let left = time::short(Duration::from_millis(*remaining_millis));
                self.news(
                    event.at,
                    &format!("{requests} requests, {errors} errors{p95}; {left} to go"),
                );
            }
            Kind::Draining { in_flight, .. } => self.news(
                event.at,
                &format!(
                    "{} requests, {} streams, {} upgraded still open",
                    in_flight.short, in_flight.streaming, in_flight.upgraded
                ),
            ),
        }
    }

    fn certificate(&self, at: Timestamp, trouble: &Trouble) {
        for line in certificate::lines(trouble) {
            self.line(at, &line);
        }
    }

    fn gate(&self, at: Timestamp, gate: &GateName, verdict: &Verdict, millis: u64, known: bool) {
        let mark = if verdict.is_pass() {
            "✓".green().to_string()
        } else {
            "✗".red().to_string()
        };
        let when = if known {
            "before".to_owned()
        } else {
            time::short(Duration::from_millis(millis))
        };
        self.line(
            at,
            &format!("{mark} gate {}: {verdict} ({when})", gate.bold()),
        );
    }

    fn begin(&mut self, at: Timestamp, plan: &Plan) {
        let what = if plan.kind == plan::Kind::Scale {
            format!("{} {}", render_changes(plan), plan.deployment)
        } else {
            let from = plan.previous.as_ref();
            let from = from.map_or_else(String::new, |one| format!(", over {}", one.release));
            format!(
                "{} {} by {}{from}",
                plan.target.release, plan.deployment, plan.strategy
            )
        };
        self.line(
            at,
            &format!(
                "{} {}: {what}",
                plan.kind.as_str().bold(),
                plan.environment.bold()
            ),
        );
        for note in plan.notes.iter().filter(|_| !self.is_quiet) {
            self.line(at, &format!("  note: {}", note.text));
        }
        self.plan = Some(plan.clone());
        self.stage = None;
    }

    fn journal(&mut self, record: &Record) {
        let at = record.at;
        match &record.entry {
            Entry::Intent { step } => {
                if self.stage != Some(step.stage) {
                    self.line(at, &format!("  {}", step.stage.as_str().bold()));
                    self.stage = Some(step.stage);
                }
                self.current = self
                    .plan
                    .as_ref()
                    .map_or_else(String::new, |plan| step::describe(plan, &step.action));
                self.live.enable_steady_tick(TICK);
                self.live.set_message(self.current.clone());
            }
            Entry::Done { millis, detail } => {
                let told = detail.as_ref().map(step::result).unwrap_or_default();
                let told = if told.is_empty() {
                    told
                } else {
                    format!(" — {told}")
                };
                let took = time::short(Duration::from_millis(*millis));
                let line = format!(
                    "    {} {}{told} {}",
                    "✓".green(),
                    self.current,
                    took.dimmed()
                );
                self.line(at, &line);
            }
            Entry::Failed { failure } => self.failed(at, failure),
            Entry::Judged { failure: None } => {
                let line = format!("    {} {}", "✓".green(), self.current);
                self.line(at, &line);
            }
            Entry::Judged {
                failure: Some(failure),
            } => self.failed(at, failure),
            Entry::AbortRequested { by } => self.line(at, &format!("    abort requested by {by}")),
            Entry::Recovered { owner } => self.line(at, &format!("  taken over by {owner}")),
            Entry::Finished { outcome } => self.line(at, &format!("  {}", outcome.bold())),
            Entry::Requested { .. } | Entry::LeaseTaken { .. } => {}
        }
    }

    fn failed(&mut self, at: Timestamp, failure: &Failure) {
        let line = format!("    {} {}: {}", "✗".red(), self.current, failure.reason);
        self.line(at, &line);
        for evidence in &failure.evidence {
            self.line(at, &format!("      {} {evidence}", "|".dimmed()));
        }
    }

    /// A line that stays.
    fn line(&self, at: Timestamp, text: &str) {
        if self.is_terminal {
            self.live.suspend(|| anstream::eprintln!("{text}"));
        } else {
            anstream::eprintln!("{} {text}", time::clock(at));
        }
    }

    /// Something that matters only for now: it moves the live line, or is a line where there is none.
    fn news(&self, at: Timestamp, text: &str) {
        if self.is_terminal {
            self.live.set_message(format!("{} — {text}", self.current));
        } else if !self.is_quiet {
            anstream::eprintln!("{}       {text}", time::clock(at));
        }
    }
}
