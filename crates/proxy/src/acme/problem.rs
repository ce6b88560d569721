//! What an authority says is wrong, in one line.

use instant_acme::{Error, Problem};

use super::schedule::{Failure, Kind};

/// What the types of errors begin with (RFC 8555, 6.7).
const URN: &str = "urn:ietf:params:acme:error:";

/// As long as a line may be: what authorities say is shorter.
const LONGEST: usize = 400;

/// Why an attempt failed that ended with this error; `until` is when the authority wants to be
/// asked again.
pub(super) fn failure(error: &Error, until: Option<i64>) -> Failure {
    let (kind, reason) = match error {
        Error::Api(problem) => (kind_of(problem), told(problem)),
        Error::Timeout(_) => (
            Kind::Unreached,
            "the authority has not looked yet".to_owned(),
        ),
        other => (Kind::Unreached, with_causes(other)),
    };
    Failure {
        kind,
        reason: one_line(&reason),
        until,
    }
}

/// Why an attempt failed that the authority has refused, or whose result is of no use.
pub(super) fn refused(reason: &str) -> Failure {
    Failure {
        kind: Kind::Refused,
        reason: one_line(reason),
        until: None,
    }
}

/// Why an attempt failed before anybody looked at anything.
pub(super) fn unreached(reason: &str) -> Failure {
    Failure {
        kind: Kind::Unreached,
        reason: one_line(reason),
        until: None,
    }
}

/// The authority has no such account any more.
pub(super) fn is_of_no_account(error: &Error) -> bool {
    matches!(error, Error::Api(problem) if type_of(problem) == "accountDoesNotExist")
}

/// The authority has another nonce to be used.
pub(super) fn is_of_the_nonce(problem: &Problem) -> bool {
    type_of(problem) == "badNonce"
}

/// What an authority says.
pub(super) fn told(problem: &Problem) -> String {
    let details = std::iter::once(problem.detail.as_deref());
    let details = details.chain(problem.subproblems.iter().map(|one| one.detail.as_deref()));
    let details: Vec<&str> = details.flatten().collect();
    let kind = type_of(problem);
    match (details.is_empty(), kind) {
        (true, "") => "the authority refuses, and does not say why".to_owned(),
        (true, kind) => format!("the authority refuses: {kind}"),
        (false, "") => details.join("; "),
        (false, kind) => format!("{} ({kind})", details.join("; ")),
    }
}

fn kind_of(problem: &Problem) -> Kind {
    match type_of(problem) {
        "rateLimited" => Kind::Limited,
        "serverInternal" | "badNonce" | "accountDoesNotExist" => Kind::Unreached,
        _ => Kind::Refused,
    }
}

fn type_of(problem: &Problem) -> &str {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    kind.strip_prefix(URN).unwrap_or(kind)
}

/// An error and what it came from, without repeating what is said already.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Without what would break a line, and no longer than is read.
fn one_line(text: &str) -> String {
    let plain = text.chars().map(|letter| match letter.is_control() {
        true => ' ',
        false => letter,
    });
    plain.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Problem {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_the_authority_says_is_told_in_one_line() {
        let said = problem(
            r#"{"type": "urn:ietf:params:acme:error:dns", "detail": "no\nA record",
                "subproblems": [{"detail": "for shop.org"}]}"#,
        );
        let failed = failure(&Error::Api(said), None);
        assert_eq!(failed.kind, Kind::Refused);
        assert_eq!(failed.reason, "no A record; for shop.org (dns)");
        let silent = told(&problem("{}"));
        assert_eq!(silent, "the authority refuses, and does not say why");
    }

    #[test]
    fn what_was_looked_at_is_told_from_what_was_not() {
        for (kind, expected) in [
            ("rateLimited", Kind::Limited),
            ("serverInternal", Kind::Unreached),
            ("unauthorized", Kind::Refused),
        ] {
            let said = problem(&format!(r#"{{"type": "{URN}{kind}"}}"#));
            assert_eq!(failure(&Error::Api(said), Some(7)).kind, expected, "{kind}");
        }
        let silent = failure(&Error::Str("nothing"), Some(7));
        assert_eq!((silent.kind, silent.until), (Kind::Unreached, Some(7)));
    }
}
