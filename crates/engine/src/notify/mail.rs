//! Channels that are reached by mail.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use shipway_pipeline::notify::retry::{Attempt, Verdict};
use shipway_pipeline::notify::{Notice, Security, Smtp, render};

use super::http::chain;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Sends a notice once. The id becomes that of the mail, so that a second one is known as such.
pub(super) async fn send(
    smtp: &Smtp,
    password: Option<String>,
    notice: &Notice,
    id: &str,
) -> Result<Attempt, String> {
    let message = message(smtp, notice, id)?;
    let transport = transport(smtp, password)?;
    Ok(match transport.send(message).await {
        Ok(response) => Attempt {
            verdict: Verdict::Accepted,
            told: format!(
                "{} {}",
                response.code(),
                response.first_line().unwrap_or_default()
            ),
        },
        Err(error) => Attempt {
            verdict: if error.is_permanent() || error.is_client() {
                Verdict::Refused
            } else {
                Verdict::Later { after: None }
            },
            told: chain(&error),
        },
    })
}

fn message(smtp: &Smtp, notice: &Notice, id: &str) -> Result<Message, String> {
    let from = mailbox(&smtp.from)?;
    let domain = smtp.from.rsplit('@').next().unwrap_or("shipway");
    let mail = render::mail(notice);
    // RFC 3834: nobody's absence is told to a machine.
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mut builder = Message::builder()
        .message_id(Some(format!("<{id}@{domain}>")))
        .from(from)
        .subject(mail.subject)
        .header(ContentType::TEXT_PLAIN)
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
    for address in &smtp.to {
        builder = builder.to(mailbox(address)?);
    }
    builder.body(mail.text).map_err(|error| chain(&error))
}

fn mailbox(address: &str) -> Result<Mailbox, String> {
    let parsed = address.parse();
    parsed.map_err(|error| format!("`{address}` is no address: {error}"))
}

fn transport(smtp: &Smtp, password: Option<String>) -> Result<Transport, String> {
    // Another part of the program may have chosen one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = match smtp.security {
        Security::Starttls => Transport::starttls_relay(&smtp.host),
        Security::Tls => Transport::relay(&smtp.host),
        Security::None => Ok(Transport::builder_dangerous(&smtp.host)),
    };
    let builder = builder.map_err(|error| chain(&error))?;
    let builder = builder.port(smtp.port);
    Ok(match (&smtp.user, password) {
        (Some(user), Some(password)) => {
            let credentials = Credentials::new(user.clone(), password);
            builder.credentials(credentials).build()
        }
        _ => builder.build(),
    })
}

#[cfg(test)]
mod tests {
    use shipway_pipeline::time::Timestamp;

    use super::*;

    #[test]
    fn a_mail_has_the_same_id_however_often_it_is_sent() {
        let smtp = Smtp {
            host: "localhost".to_owned(),
            port: 25,
            security: Security::None,
            user: None,
            password: None,
            from: "shipway@example.org".to_owned(),
            to: vec!["a@example.org".to_owned(), "b@example.org".to_owned()],
        };
        let place = (&"shop".parse().unwrap(), &"staging".parse().unwrap());
        let notice = Notice::test(place, "anna", Timestamp(1));
        let mail = message(&smtp, &notice, "msg_1").unwrap().formatted();
        let text = String::from_utf8(mail).unwrap();
        for line in [
            "Message-ID: <msg_1@example.org>",
            "To: a@example.org, b@example.org",
            "Auto-Submitted: auto-generated",
            "Subject: [shipway] shop staging: this is a test",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "no {line} in {text}");
        }
    }
}
