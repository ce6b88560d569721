//! A record as a line of JSON.

use std::time::Duration;

use http::Version;
use jiff::Timestamp;
use serde::Serialize;

use super::mask;
use super::record::Record;

/// The keys, in the order in which they are written.
#[derive(Serialize)]
struct Line<'a> {
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colour: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    client: String,
    method: &'a str,
    host: &'a str,
    path: &'a str,
    protocol: &'static str,
    tls: bool,
    status: Option<u16>,
    received: u64,
    sent: u64,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_ms: Option<f64>,
    retries: u32,
    request_id: &'a str,
    complete: bool,
}

/// Writes a record behind what is there.
pub(super) fn write(record: &Record, to: &mut Vec<u8>) {
    let key = record.entry.as_ref().map(|entry| &entry.route.key);
    let tally = record.tally.as_ref();
    let time = Timestamp::try_from(record.began).ok();
    let path = mask::target(&record.target);
    let line = Line {
        time: time.map(|time| format!("{time:.3}")),
        project: key.map(|key| key.project.as_str()),
        environment: key.map(|key| key.environment.as_str()),
        colour: tally.map(|tally| tally.owner.colour.to_string()),
        deployment: tally.map(|tally| tally.owner.deployment.to_string()),
        instance: tally.map(|tally| tally.instance.to_string()),
        client: record.client.to_string(),
        method: record.method.as_str(),
        host: &record.host,
        path: &path,
        protocol: protocol(record.version),
        tls: record.is_secure,
        status: record.status,
        received: record.received,
        sent: record.sent,
        duration_ms: millis(record.duration),
        upstream_ms: record.upstream.map(millis),
        retries: record.retries,
        request_id: &record.request_id,
        complete: record.is_complete,
    };
    let before = to.len();
    match serde_json::to_writer(&mut *to, &line) {
        Ok(()) => to.push(b'\n'),
        // Texts and numbers into memory: it does not come to this.
        Err(_) => to.truncate(before),
    }
}

fn millis(time: Duration) -> f64 {
    // Microseconds are enough, and short to read.
    time.as_micros() as f64 / 1000.0
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::SystemTime;

    use http::Method;

    use super::*;

    #[test]
    fn a_record_is_one_line_and_keeps_secrets() {
        let record = Record {
            began: SystemTime::UNIX_EPOCH + Duration::from_millis(1_500),
            client: IpAddr::from([192, 0, 2, 1]),
            method: Method::GET,
            version: Version::HTTP_11,
            is_secure: true,
            host: "shop.example.org".to_owned(),
            target: "/a?q=\"x\"\n&token=hush".to_owned(),
            request_id: "abc".to_owned(),
            entry: None,
            tally: None,
            status: Some(200),
            received: 1,
            sent: 2,
            duration: Duration::from_micros(1_234),
            upstream: None,
            retries: 0,
            is_complete: true,
        };
        let mut text = Vec::new();
        write(&record, &mut text);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "{\"time\":\"1970-01-01T00:00:01.500Z\",\"client\":\"192.0.2.1\",\"method\":\"GET\",\
             \"host\":\"shop.example.org\",\"path\":\"/a?q=\\\"x\\\"\\n&token=***\",\
             \"protocol\":\"HTTP/1.1\",\"tls\":true,\"status\":200,\"received\":1,\"sent\":2,\
             \"duration_ms\":1.234,\"retries\":0,\"request_id\":\"abc\",\"complete\":true}\n"
        );
    }
}
