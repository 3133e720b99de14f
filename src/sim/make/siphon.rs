//! siphon-sip: calls with their units at command level, and messages without any.

use super::{opening, recipient, seconds, seconds_wanted, subscription};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Units, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{AtLast, Fate, Level, Make, Manners, Pick, Service, Silence};
use crate::sim::objection::Objection;
use crate::sim::words::{code, group, text, time, word};

/// A SIP server with siphon.
#[derive(Debug)]
pub(super) struct Siphon;

static MANNERS: Manners = Manners {
    name: "siphon",
    title: "siphon-sip",
    product: "siphon",
    profile: Some("lenient"),
    host: "siphon.kcell.kz",
    realm: "kcell.kz",
    service: Service::Voice,
    level: Level::Command,
    pick: Pick::First,
    groups: &[],
    wants: Units::Count(30),
    tells_answer: true,
    least: 5,
    thresholds: false,
    refused: |kind, code| match (code, kind) {
        (4_011, _) => Fate::Free,
        (_, RequestType::Update) => Fate::Terminates,
        _ => Fate::Ends,
    },
    at_last: AtLast::EndsSession,
    silence: Silence::GivesUp,
    ..Manners::PLAIN
};

impl Make for Siphon {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, started: i64, serial: u32) -> String {
        format!("{};{started};{serial}", who.host)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let is_message = ask.kind == RequestType::Event;
        let context = if is_message { "32274@3gpp.org" } else { "32260@3gpp.org" };
        let mut avps = opening(who, ask, context);
        if is_message {
            avps.extend([word(code::REQUESTED_ACTION, 0), time(code::EVENT_TIMESTAMP, ask.at)]);
        }
        avps.push(subscription(0, &who.msisdn));
        if ask.kind == RequestType::Termination {
            avps.push(word(code::TERMINATION_CAUSE, 1));
        }
        for want in ask.wants.iter().filter(|_| !is_message) {
            avps.extend(seconds_wanted(want));
            let used = |used: &crate::sim::ask::Use| vec![seconds(used.seconds.into())];
            avps.extend(want.used.iter().map(|one| group(code::USED_SERVICE_UNIT, used(one))));
        }
        avps.push(information(ask, is_message));
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &[263, 268])?;
        // success without units would be half a minute for nothing
        if ask.kind != RequestType::Event {
            check::quota(ask, heard, MANNERS.level, MANNERS.service)?;
        }
        check::refusals(heard)
    }
}

fn information(ask: &Ask, is_message: bool) -> AvpTree {
    let callee = ask.callee.as_deref().unwrap_or_default();
    let inside = if is_message {
        group(code::SMS_INFORMATION, vec![recipient(callee)])
    } else {
        let inside = vec![
            word(code::ROLE_OF_NODE, 0),
            word(code::NODE_FUNCTIONALITY, 6),
            text(code::CALLED_PARTY_ADDRESS, callee),
        ];
        group(code::IMS_INFORMATION, inside)
    };
    group(code::SERVICE_INFORMATION, vec![inside])
}
