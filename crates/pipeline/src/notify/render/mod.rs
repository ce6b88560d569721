//! What each kind of channel is sent: pure functions of a notice, one file each.
//!
//! Nothing of a notice is markup. Where a channel reads some all the same, it is escaped.

mod discord;
pub mod github;
pub mod gitlab;
mod mail;
mod slack;
mod teams;
mod webhook;

pub use discord::discord;
pub use mail::{Mail, mail};
pub use slack::slack;
pub use teams::teams;
pub use webhook::webhook;

/// A text that a channel refuses when it is longer.
pub(super) fn limit(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let cut: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{cut}…")
}
