//! Microsoft Teams: an Adaptive Card, as a workflow that posts what a webhook receives takes it.

use serde_json::{Value, json};

use crate::notify::{Message, Notice, Tone};

/// The body of a request to a workflow of Teams.
///
/// Text stands in runs, which are the one part of a card that reads no Markdown.
pub fn teams(notice: &Notice) -> Value {
    let message = Message::new(notice);
    let title = format!("{} {}", message.tone.sign(), message.title);
    let mut body = vec![json!({
        "type": "RichTextBlock",
        "inlines": [{
            "type": "TextRun",
            "text": title,
            "size": "Medium",
            "weight": "Bolder",
            "color": colour(message.tone),
        }],
    })];
    for (name, value) in &message.facts {
        body.push(json!({
            "type": "RichTextBlock",
            "spacing": "None",
            "inlines": [
                { "type": "TextRun", "text": format!("{name}: "), "weight": "Bolder" },
                { "type": "TextRun", "text": value },
            ],
        }));
    }
    let lines = message.evidence.iter().chain([&message.command]);
    for (number, line) in lines.enumerate() {
        body.push(json!({
            "type": "RichTextBlock",
            "spacing": if number == 0 { "Default" } else { "None" },
            "inlines": [{ "type": "TextRun", "text": line, "fontType": "Monospace" }],
        }));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "fallbackText": title,
                "body": body,
            },
        }],
    })
}

fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "Good",
        Tone::Bad => "Attention",
        Tone::Attention => "Warning",
        Tone::Neutral => "Default",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures::{rolled_back, wanted};

    #[test]
    fn a_rollback() {
        insta::assert_snapshot!(format!("{:#}", teams(&rolled_back())));
    }

    #[test]
    fn a_request_that_waits() {
        insta::assert_snapshot!(format!("{:#}", teams(&wanted())));
    }
}
