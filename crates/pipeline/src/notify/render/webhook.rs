//! Any other system: what happened as data, in the form that Standard Webhooks gives it.

use serde_json::{Value, json};

use crate::notify::Notice;

/// The body of a signed request: what happened, when, and all that is known of it.
pub fn webhook(notice: &Notice) -> Value {
    let at = i64::try_from(notice.at.0).ok();
    let time = at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    json!({
        "type": notice.event,
        "timestamp": time.map(|time| time.to_string()),
        "data": notice,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures::rolled_back;

    #[test]
    fn a_rollback() {
        insta::assert_snapshot!(format!("{:#}", webhook(&rolled_back())));
    }

    #[test]
    fn a_notice_is_read_as_it_was_stored() {
        let notice = rolled_back();
        let text = serde_json::to_string(&notice).unwrap();
        assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), notice);
    }
}
