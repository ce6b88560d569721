//! Notices for the tests of this module.

use super::{Event, Forge, ForgeKind, Notice, Reference};
use crate::fixtures::{plan, release};
use crate::id::{DeploymentId, RequestId};
use crate::plan::Kind;
use crate::promotion::Lane;
use crate::request::{Agreement, Origin, Request, State, Want};
use crate::time::Timestamp;

/// A release that was judged bad: with everything that could be told, and with what must not be
/// taken for markup.
pub(crate) fn rolled_back() -> Notice {
    let place = (&"shop".parse().unwrap(), &"production".parse().unwrap());
    let mut release = release();
    release.subject = "Fix <b>cart</b> & *total* [link](http://x) @everyone `x`".to_owned();
    let notice = Notice::new(
        Event::RolledBack,
        place,
        "anna",
        Timestamp(1_700_000_000_000),
    );
    Notice {
        deployment: Some(DeploymentId(42)),
        kind: Some(Kind::Promote),
        reason: Some("judged bad: 12 of 300 requests failed".to_owned()),
        evidence: vec![
            "4.0 % of the last 300 requests were errors; 1 % is the limit".to_owned(),
            "\u{1b}[31mValueError\u{1b}[0m: ```<!channel>```".to_owned(),
        ],
        millis: Some(83_400),
        command: "shipway show d42".to_owned(),
        ..notice.with_release(&release.id.clone(), Some(&release))
    }
}

/// A request that people are asked to approve.
pub(crate) fn wanted() -> Notice {
    let place = (&"shop".parse().unwrap(), &"production".parse().unwrap());
    let release = release();
    let notice = Notice::new(
        Event::ApprovalWanted,
        place,
        "anna",
        Timestamp(1_700_000_000_000),
    );
    Notice {
        request: Some(RequestId(3)),
        reason: Some("sale".to_owned()),
        command: "shipway approve q3".to_owned(),
        ..notice.with_release(&release.id.clone(), Some(&release))
    }
}

pub(crate) fn request() -> Request {
    Request {
        id: RequestId(3),
        environment: "production".parse().unwrap(),
        want: Want::Promote,
        lane: Lane::Regular,
        by: "anna".to_owned(),
        reason: None,
        origin: Origin::Person,
        created: Timestamp(0),
        state: State::Queued,
        agreement: Some(Agreement::new(plan("blue-green", Some(1), 1))),
        approvals: Vec::new(),
    }
}

pub(crate) fn forge(kind: ForgeKind) -> Forge {
    Forge {
        forge: kind,
        api: kind.api().to_owned(),
        repository: "acme/shop".to_owned(),
        token: Reference::try_new("${FORGE_TOKEN}").unwrap(),
        link: Some("https://ci.example.org/{environment}/{deployment}".to_owned()),
    }
}
