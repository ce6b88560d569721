//! What all clients of a load go by.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use http_body_util::Full;

use crate::template::Template;

/// What all clients of a load go by.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) address: (String, u16),
    pub(crate) host: HeaderValue,
    /// Kinds of requests with their shares, not all of which are 0.
    pub(crate) mix: Vec<(u32, Template)>,
    pub(crate) rate: Option<f64>,
    pub(crate) timeout: Duration,
    pub(crate) tally: Option<HeaderName>,
}

// === impl Plan ===

impl Plan {
    /// The kind of a request: the shares in turn, so that even a short load has the whole mix.
    pub(crate) fn template(&self, number: u64) -> &Template {
        let total: u64 = self.mix.iter().map(|(share, _)| u64::from(*share)).sum();
        let mut place = number % total.max(1);
        for (share, template) in &self.mix {
            let share = u64::from(*share);
            if place < share {
                return template;
            }
            place -= share;
        }
        &self.mix[0].1
    }

    /// When a request is due.
    pub(crate) fn due(&self, number: u64, started: Instant) -> Option<Instant> {
        let after = Duration::try_from_secs_f64(number as f64 / self.rate?).ok()?;
        started.checked_add(after)
    }

    pub(crate) fn request(&self, template: &Template, number: u64) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(template.body.make(number)));
        request.method_mut().clone_from(&template.method);
        // Checked at the start; a number does not make a path invalid.
        *request.uri_mut() = template.path(number).parse().unwrap_or_default();
        let headers = request.headers_mut();
        headers.clone_from(&template.headers);
        headers.insert(header::HOST, self.host.clone());
        if template.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        request
    }

    /// The value by which an answer is tallied.
    pub(crate) fn tallied(&self, headers: &HeaderMap) -> Option<String> {
        let value = headers.get(self.tally.as_ref()?)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_keeps_its_shares() {
        let plan = Plan {
            address: ("localhost".into(), 80),
            host: HeaderValue::from_static("localhost"),
            mix: vec![
                (3, Template::get("/a")),
                (0, Template::get("/never")),
                (1, Template::get("/b")),
            ],
            rate: Some(10.0),
            timeout: Duration::from_secs(1),
            tally: None,
        };
        let paths: Vec<_> = (0..8)
            .map(|number| plan.template(number).path.as_str())
            .collect();
        assert_eq!(paths, ["/a", "/a", "/a", "/b", "/a", "/a", "/a", "/b"]);
        let started = Instant::now();
        assert_eq!(
            plan.due(20, started),
            Some(started + Duration::from_secs(2))
        );
    }
}
