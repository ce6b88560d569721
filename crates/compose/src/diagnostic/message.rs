//! One problem, with the places it concerns.

use super::{Code, Color, Level, Sources, render};
use crate::yaml::Span;

/// One problem, with the places it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether something may be deployed with it.
    pub severity: Severity,
    /// What kind of problem it is.
    pub code: Code,
    /// One line that names the thing and what is wrong with it.
    pub message: String,
    /// The places it concerns, the one to look at first first.
    pub labels: Vec<Label>,
    /// The way out.
    pub help: Option<String>,
}

/// Whether something may be deployed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It may not.
    Error,
    /// It may, but is probably not meant that way.
    Warning,
}

/// A place and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be said about it; may be empty.
    pub text: String,
}

// === impl Diagnostic ===

impl Diagnostic {
    /// Makes a diagnostic without a place, as serious as its code is by default.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let severity = match code.default_level() {
            Level::Error => Severity::Error,
            Level::Warning | Level::Off => Severity::Warning,
        };
        Self {
            severity,
            code,
            message: message.into(),
            labels: Vec::new(),
            help: None,
        }
    }

    /// Adds a place.
    #[must_use]
    pub fn with_label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the way out, if there is one.
    #[must_use]
    pub fn with_help_if_any(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Returns whether the file cannot be used, whatever levels are configured.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.code.is_fatal()
    }

    /// Returns whether nothing may be deployed with it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Renders the message with the source lines it is about, without colours.
    #[must_use]
    pub fn render(&self, sources: &Sources) -> String {
        render::render_one(self, sources, Color::Never)
    }
}
