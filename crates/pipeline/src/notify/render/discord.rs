//! Discord: an embed, which mentions nobody.

use serde_json::{Value, json};

use super::limit;
use crate::notify::{Message, Notice};

/// What a title, a description and a field of an embed hold. All of an embed may hold 6000.
const TITLE: usize = 256;
const DESCRIPTION: usize = 2400;
const FIELD: usize = 400;

/// What Discord's Markdown gives a meaning to.
const MARKUP: [char; 16] = [
    '\\', '*', '_', '~', '`', '|', '>', '#', '-', '[', ']', '(', ')', '<', '@', ':',
];

/// The body of a request to a webhook of Discord.
pub fn discord(notice: &Notice) -> Value {
    let message = Message::new(notice);
    let fields: Vec<Value> = message
        .facts
        .iter()
        .map(|(name, value)| {
            let value = escape(&limit(value, FIELD / 2));
            json!({ "name": name, "value": value, "inline": *name != "Reason" })
        })
        .collect();
    let mut description = code(&message.command);
    if !message.evidence.is_empty() {
        let evidence = limit(&message.evidence.join("\n"), DESCRIPTION);
        description = format!("{}\n{description}", code(&evidence));
    }
    let title = format!("{} {}", message.tone.sign(), message.title);
    json!({
        "username": "Shipway",
        "allowed_mentions": { "parse": [] },
        "embeds": [{
            "title": limit(&escape(&title), TITLE),
            "description": description,
            "color": message.tone.colour(),
            "fields": fields,
        }],
    })
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if MARKUP.contains(&letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// A block in which nothing but its own end has a meaning; a letter without width keeps one in the
/// text from being that end.
fn code(text: &str) -> String {
    let text = text.replace("```", "`\u{200b}`\u{200b}`");
    format!("```\n{text}\n```")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures::{rolled_back, wanted};

    #[test]
    fn a_rollback() {
        insta::assert_snapshot!(format!("{:#}", discord(&rolled_back())));
    }

    #[test]
    fn a_request_that_waits() {
        insta::assert_snapshot!(format!("{:#}", discord(&wanted())));
    }

    #[test]
    fn the_longest_message_is_one_that_discord_takes() {
        let mut notice = rolled_back();
        let long = "*".repeat(5000);
        notice.by.clone_from(&long);
        notice.subject = Some(long.clone());
        notice.reason = Some(long.clone());
        notice.evidence = vec![long; 40];
        let body = discord(&notice);
        let embed = &body["embeds"][0];
        let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
        let fields = embed["fields"].as_array().unwrap();
        let all = length(&embed["title"])
            + length(&embed["description"])
            + fields
                .iter()
                .map(|field| length(&field["name"]) + length(&field["value"]))
                .sum::<usize>();
        assert!(all <= 6000, "{all}");
        assert!(fields.iter().all(|field| length(&field["value"]) <= 1024));
    }
}
