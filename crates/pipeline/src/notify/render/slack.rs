//! Slack: blocks, and a line for where there are none, such as on a telephone's lock screen.

use serde_json::{Value, json};

use super::limit;
use crate::notify::{Message, Notice};

/// What a header of Slack holds.
const HEADER: usize = 150;

/// The body of a request to an incoming webhook of Slack.
pub fn slack(notice: &Notice) -> Value {
    let message = Message::new(notice);
    let title = format!("{} {}", message.tone.sign(), message.title);
    let fields: Vec<Value> = message
        .facts
        .iter()
        .map(|(name, value)| {
            let text = format!("*{name}*\n{}", escape(value));
            json!({ "type": "mrkdwn", "text": text, "verbatim": true })
        })
        .collect();
    let mut blocks = vec![
        json!({
            "type": "header",
            "text": { "type": "plain_text", "text": limit(&title, HEADER), "emoji": false },
        }),
        json!({ "type": "section", "fields": fields }),
    ];
    if !message.evidence.is_empty() {
        blocks.push(preformatted(&message.evidence.join("\n")));
    }
    blocks.push(preformatted(&message.command));
    json!({
        "text": escape(&title),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// Text as it is: nothing in it is read as markup, so nothing is escaped.
fn preformatted(text: &str) -> Value {
    json!({
        "type": "rich_text",
        "elements": [{
            "type": "rich_text_preformatted",
            "elements": [{ "type": "text", "text": text }],
        }],
    })
}

/// The three letters by which mentions, links and entities begin; there are no others.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures::{rolled_back, wanted};

    #[test]
    fn a_rollback() {
        insta::assert_snapshot!(format!("{:#}", slack(&rolled_back())));
    }

    #[test]
    fn a_request_that_waits() {
        insta::assert_snapshot!(format!("{:#}", slack(&wanted())));
    }

    #[test]
    fn nobody_is_mentioned_and_nothing_becomes_a_link() {
        let mut notice = rolled_back();
        notice.by = "<!channel> <https://x|y> &amp;".to_owned();
        let text = slack(&notice)["blocks"][1].to_string();
        assert!(
            text.contains("&lt;!channel&gt; &lt;https://x|y&gt; &amp;amp;"),
            "{text}"
        );
    }
}
