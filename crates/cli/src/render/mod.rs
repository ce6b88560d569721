//! How things look: standard output is data, standard error is talk.

pub(crate) mod bytes;
pub(crate) mod certificate;
pub(crate) mod codes;
pub(crate) mod drift;
pub(crate) mod events;
pub(crate) mod findings;
pub(crate) mod finish;
pub(crate) mod migrations;
pub(crate) mod plan;
pub(crate) mod request;
pub(crate) mod step;
pub(crate) mod table;
pub(crate) mod time;

/// Flags that choose the form of the output.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Output {
    /// Print one JSON document to standard output
    #[arg(long, conflicts_with = "events")]
    json: bool,
    /// Print events to standard output as they happen, one JSON object a line
    #[arg(long)]
    events: bool,
    /// Only tell steps and their results
    #[arg(short, long)]
    quiet: bool,
}

/// Who reads the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// People.
    People,
    /// People who want less.
    Quiet,
    /// Machines that want one document at the end.
    Json,
    /// Machines that follow.
    Events,
}

impl Output {
    pub(crate) fn form(self) -> Form {
        match (self.json, self.events) {
            (true, _) => Form::Json,
            (false, true) => Form::Events,
            (false, false) if self.quiet => Form::Quiet,
            (false, false) => Form::People,
        }
    }
}

impl Form {
    /// Whether people read.
    pub(crate) fn is_for_people(self) -> bool {
        matches!(self, Self::People | Self::Quiet)
    }
}

/// Prints a JSON document to standard output.
pub(crate) fn json(value: &impl serde::Serialize) -> crate::error::Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::other)?;
    anstream::println!("{text}");
    Ok(())
}
