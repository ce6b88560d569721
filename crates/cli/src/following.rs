//! Follows a request that another process carries out, and tells it as if it were this one.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use shipway_engine::event::{Event, Kind};
use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::request::{End, Request, State};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::context::Context;
use crate::error::{CliError, Kind as Failure, Result};
use crate::exit;
use crate::render::{self, Form};

/// Between two looks: what people see as at once.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Tells what happens to a request until it is over, or waits for people.
pub(crate) async fn follow(context: &Context, id: RequestId, form: Form) -> Result {
    let store = &context.engine.store;
    let path = shipway_server::events_of(store.directory(), id);
    render::events::begin(form);
    let (sender, receiver) = unbounded_channel();
    let telling = tokio::spawn(render::events::follow(receiver, form));
    let mut offset = 0;
    let request = loop {
        // Asked before the file is read: what was written by then is told below.
        let request = store.request(id)?.ok_or_else(|| {
            let told = format!("request {id} is gone");
            CliError::new(Failure::Failed, told)
        })?;
        offset = tell(&path, offset, &sender)?;
        if matches!(request.state, State::Ended { .. } | State::Waiting { .. }) {
            break request;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    // The teller ends when nobody is left to tell it anything.
    drop(sender);
    let _ = telling.await;
    if form.is_for_people() {
        anstream::eprintln!("{}: {id} {}", request.environment, request.state);
    }
    Ok(ExitCode::from(code(&request)))
}

/// Hands over what a file holds from an offset on, in whole lines; gives the offset after them.
fn tell(path: &Path, offset: u64, sender: &UnboundedSender<Event>) -> io::Result<u64> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(offset),
        file => file?,
    };
    file.seek(SeekFrom::Start(offset))?;
    let mut reader = BufReader::new(file);
    let (mut line, mut offset) = (Vec::new(), offset);
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Ok(offset);
        }
        offset += length as u64;
        // The stream's first line is no event, and neither is what a killed process left.
        if let Ok(event) = serde_json::from_slice::<Event>(&line)
            && event.kind != Kind::Closed
        {
            let _ = sender.send(event);
        }
    }
}

/// The exit code of a request that is over or waits.
pub(crate) fn code(request: &Request) -> u8 {
    let end = match &request.state {
        State::Ended { end, .. } => end,
        State::Waiting { .. } => return exit::WAITING,
        State::Queued | State::Running { .. } => return exit::FAILED,
    };
    match end {
        End::Deployed { outcome, .. } => match outcome {
            Outcome::Succeeded => exit::OK,
            Outcome::Failed => exit::REFUSED,
            Outcome::RolledBack => exit::ROLLED_BACK,
            Outcome::Cancelled | Outcome::Superseded | Outcome::RollbackFailed => exit::FAILED,
        },
        // What a newer push takes the place of has not failed.
        End::Unchanged | End::Superseded { .. } => exit::OK,
        End::Void { .. } => exit::WAITING,
        End::Refused { .. } | End::Rejected { .. } | End::Expired | End::Cancelled { .. } => {
            exit::FAILED
        }
    }
}
