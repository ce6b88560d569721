//! A notice in words, before it gets the form of a channel.

use super::{Event, Notice};
use crate::backup::Chore;
use crate::config::render_duration;
use crate::plan::Kind;

/// What shows what happened is told in full by `shipway show`; this much of it is enough to know
/// whom to wake.
const EVIDENCE_LINES: usize = 12;
/// Longer lines are cut.
const LINE: usize = 240;
/// A sentence that is longer is none.
const SENTENCE: usize = 600;

/// A notice in words: plain text, without control characters, and of a bounded length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How it feels.
    pub tone: Tone,
    /// What happened, in a line.
    pub title: String,
    /// What is known, each with its name.
    pub facts: Vec<(&'static str, String)>,
    /// What shows it, one a line.
    pub evidence: Vec<String>,
    /// The command that tells more, or that is asked for.
    pub command: String,
}

/// How a message feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Well.
    Good,
    /// Somebody has to look.
    Bad,
    /// Somebody is waited for, or should know.
    Attention,
    /// Neither.
    Neutral,
}

// === impl Message ===

impl Message {
    /// Puts a notice into words.
    pub fn new(notice: &Notice) -> Self {
        let mut facts = Vec::new();
        let mut fact = |name, value: Option<String>| {
            let value = value.map(|value| clean(&value, SENTENCE));
            facts.extend(
                value
                    .filter(|value| !value.is_empty())
                    .map(|value| (name, value)),
            );
        };
        fact("Reason", notice.reason.clone());
        fact("Release", notice.release.as_ref().map(ToString::to_string));
        fact("Commit", commit(notice));
        fact("By", Some(notice.by.clone()));
        fact("Deployment", deployment(notice));
        fact("Request", notice.request.map(|id| id.to_string()));
        fact("Took", notice.millis.map(took));
        let evidence = notice.evidence.iter().map(|line| clean(line, LINE));
        let mut evidence: Vec<String> = evidence.filter(|line| !line.is_empty()).collect();
        if evidence.len() > EVIDENCE_LINES {
            let left = evidence.len() - EVIDENCE_LINES;
            evidence.truncate(EVIDENCE_LINES);
            evidence.push(format!("… and {left} more lines"));
        }
        Self {
            tone: Tone::of(notice.event),
            title: title(notice),
            facts,
            evidence,
            command: clean(&notice.command, LINE),
        }
    }
}

// === impl Tone ===

impl Tone {
    fn of(event: Event) -> Self {
        match event {
            Event::Deployed | Event::Approved => Self::Good,
            Event::Failed
            | Event::RolledBack
            | Event::RollbackFailed
            | Event::Refused
            | Event::BackupFailed => Self::Bad,
            Event::ApprovalWanted | Event::Rejected | Event::Expired | Event::Cancelled => {
                Self::Attention
            }
            Event::Started | Event::Changed | Event::Superseded | Event::Test => Self::Neutral,
        }
    }

    /// A sign for those who do not see colours.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Good => "✔",
            Self::Bad => "✘",
            Self::Attention => "!",
            Self::Neutral => "·",
        }
    }

    /// Its colour, as red, green and blue.
    pub fn colour(self) -> u32 {
        match self {
            Self::Good => 0x2e_a0_43,
            Self::Bad => 0xcf_22_2e,
            Self::Attention => 0xbf_87_00,
            Self::Neutral => 0x57_60_6a,
        }
    }
}

fn title(notice: &Notice) -> String {
    let place = format!("{} {}", notice.project, notice.environment);
    let release = notice
        .release
        .as_ref()
        .map_or_else(|| "a release".to_owned(), ToString::to_string);
    let id = notice
        .deployment
        .map_or_else(|| "a deployment".to_owned(), |id| id.to_string());
    let request = notice
        .request
        .map_or_else(|| "a request".to_owned(), |id| id.to_string());
    let told = match notice.event {
        Event::Started => format!("{id} began: {}", what(notice, &release)),
        Event::Deployed => format!("{release} is live"),
        Event::Changed => format!("{id} succeeded: {}", what(notice, &release)),
        Event::Failed => format!("{id} failed: {}", what(notice, &release)),
        Event::RolledBack if notice.is_wanted_rollback() => format!("rolled back to {release}"),
        Event::RolledBack => format!("{release} was rolled back"),
        Event::RollbackFailed => {
            format!("the way back of {id} failed; frozen until somebody looks")
        }
        Event::Cancelled => format!("{id} was stopped: {}", what(notice, &release)),
        Event::Superseded => format!("{id} was superseded: {}", what(notice, &release)),
        Event::ApprovalWanted => format!("{request} waits for approval"),
        Event::Approved => format!("{request} is approved"),
        Event::Rejected => format!("{request} was rejected"),
        Event::Expired => format!("{request} is void"),
        Event::Refused => format!("{request} was refused"),
        Event::BackupFailed => match notice.chore {
            None | Some(Chore::Make) => "the backup failed".to_owned(),
            Some(Chore::Copy) => "backups could not be copied to the bucket".to_owned(),
            Some(Chore::Prove) => "the newest backup could not be proven".to_owned(),
        },
        Event::Test => "this is a test".to_owned(),
    };
    format!("{place}: {told}")
}

fn what(notice: &Notice, release: &str) -> String {
    let kind = notice.kind.unwrap_or(Kind::Deploy);
    match kind {
        Kind::Deploy | Kind::Promote | Kind::Rollback => format!("{} {release}", kind.as_str()),
        Kind::Scale | Kind::Down | Kind::Renew | Kind::Migrate | Kind::Restore => {
            kind.as_str().to_owned()
        }
    }
}

fn commit(notice: &Notice) -> Option<String> {
    let commit = notice.commit.as_ref()?;
    let short = commit.get(..8).unwrap_or(commit);
    let subject = notice.subject.as_deref().unwrap_or_default();
    Some(format!("{short} {subject}").trim_end().to_owned())
}

fn deployment(notice: &Notice) -> Option<String> {
    let id = notice.deployment?;
    let kind = notice.kind.map(|kind| format!(" ({})", kind.as_str()));
    Some(format!("{id}{}", kind.unwrap_or_default()))
}

/// Whole seconds: nobody reads more in a chat.
fn took(millis: u64) -> String {
    render_duration(std::time::Duration::from_secs(millis.div_ceil(1000)))
}

/// A line without what terminals and channels could take for more than text.
fn clean(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // A terminal's sequence, up to the letter that ends it.
            '\u{1b}' => {
                if letters.next() == Some('[') {
                    letters.find(|one| ('@'..='~').contains(one));
                }
            }
            // Marks that turn the direction of writing hide what is written.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            letter if letter.is_control() => line.push(' '),
            letter => line.push(letter),
        }
    }
    let line = line.trim_end();
    if line.chars().count() <= longest {
        return line.to_owned();
    }
    let cut: String = line.chars().take(longest - 1).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures::{rolled_back, wanted};

    #[test]
    fn a_rollback_is_told_with_its_reason_and_what_shows_it() {
        insta::assert_debug_snapshot!(Message::new(&rolled_back()));
    }

    #[test]
    fn what_is_long_is_cut_and_what_is_no_text_is_left_out() {
        let mut notice = rolled_back();
        notice.evidence = (0..30).map(|number| format!("line {number}")).collect();
        notice.reason = Some("ä".repeat(5000));
        notice.by = "a\nb\u{202e}c\u{1b}[1;31md\u{7}".to_owned();
        let message = Message::new(&notice);
        assert_eq!(message.evidence.len(), EVIDENCE_LINES + 1);
        assert_eq!(message.evidence[EVIDENCE_LINES], "… and 18 more lines");
        let fact = |name| {
            let mut facts = message.facts.iter();
            facts
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
        };
        assert_eq!(fact("Reason").unwrap().chars().count(), SENTENCE);
        assert_eq!(fact("By").unwrap(), "a bcd");
    }

    #[test]
    fn every_event_has_a_title() {
        let mut titles = Vec::new();
        for event in [
            Event::Started,
            Event::Deployed,
            Event::Changed,
            Event::Failed,
            Event::RolledBack,
            Event::RollbackFailed,
            Event::Cancelled,
            Event::Superseded,
            Event::ApprovalWanted,
            Event::Approved,
            Event::Rejected,
            Event::Expired,
            Event::Refused,
            Event::BackupFailed,
            Event::Test,
        ] {
            let mut notice = rolled_back();
            notice.request = wanted().request;
            notice.event = event;
            let message = Message::new(&notice);
            titles.push(format!("{} {}", message.tone.sign(), message.title));
        }
        insta::assert_snapshot!(titles.join("\n"));
    }
}
