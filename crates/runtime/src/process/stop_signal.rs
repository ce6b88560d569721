//! Reads `stop_signal`.

use rustix::process::Signal;

/// The signal of a name such as `SIGTERM`, `TERM` or `15`.
///
/// Real-time signals have no safe representation and are not supported.
pub(super) fn parse(text: &str) -> Option<Signal> {
    let name = text.strip_prefix("SIG").unwrap_or(text);
    let (_, _, signal) = KNOWN
        .iter()
        .find(|(known, number, _)| *known == name || *number == text)?;
    Some(*signal)
}

const KNOWN: [(&str, &str, Signal); 9] = [
    ("TERM", "15", Signal::TERM),
    ("INT", "2", Signal::INT),
    ("QUIT", "3", Signal::QUIT),
    ("HUP", "1", Signal::HUP),
    ("KILL", "9", Signal::KILL),
    ("USR1", "10", Signal::USR1),
    ("USR2", "12", Signal::USR2),
    ("WINCH", "28", Signal::WINCH),
    ("ABRT", "6", Signal::ABORT),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_numbers_and_short_names_are_one() {
        for text in ["SIGQUIT", "QUIT", "3"] {
            assert_eq!(parse(text), Some(Signal::QUIT));
        }
        assert_eq!(parse("SIGRTMIN+3"), None);
        // The numbers of the table are this platform's.
        for (name, number, signal) in KNOWN {
            assert_eq!(signal.as_raw().to_string(), number, "{name}");
        }
    }
}
