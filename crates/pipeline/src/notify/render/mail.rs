//! Mail: plain text.

use super::limit;
use crate::notify::{Message, Notice};

/// What is left of a subject in most lists of mails.
const SUBJECT: usize = 120;

/// A mail, without its sender and who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The subject: one line.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// The mail that tells a notice.
pub fn mail(notice: &Notice) -> Mail {
    let message = Message::new(notice);
    let mut text = format!("{}\n\n", message.title);
    let widest = message.facts.iter().map(|(name, _)| name.len()).max();
    for (name, value) in &message.facts {
        let width = widest.unwrap_or_default();
        text.push_str(&format!("{name:<width$}  {value}\n"));
    }
    if !message.evidence.is_empty() {
        text.push('\n');
        for line in &message.evidence {
            text.push_str(&format!("  | {line}\n"));
        }
    }
    text.push_str(&format!("\n{}\n", message.command));
    Mail {
        subject: limit(&format!("[shipway] {}", message.title), SUBJECT),
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures::{rolled_back, wanted};

    #[test]
    fn a_rollback() {
        let mail = mail(&rolled_back());
        insta::assert_snapshot!(format!("{}\n---\n{}", mail.subject, mail.text));
    }

    #[test]
    fn a_request_that_waits() {
        let mail = mail(&wanted());
        insta::assert_snapshot!(format!("{}\n---\n{}", mail.subject, mail.text));
    }

    #[test]
    fn a_subject_is_one_line_whatever_is_told() {
        let mut notice = rolled_back();
        notice.reason = Some("a\r\nBcc: all@example.org".to_owned());
        let mail = mail(&notice);
        assert!(!mail.subject.contains(['\r', '\n']));
        assert!(!mail.text.contains("\nBcc"), "{}", mail.text);
    }
}
