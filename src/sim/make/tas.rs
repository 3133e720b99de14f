//! A telephony application server of IMS (TS 32.260) that speaks RFC 8506: it names the caller by
//! Subscription-Id-Extension alone, plays announcements (TS 32.281), sends the caller elsewhere, and asks for advice of
//! charge.

use super::{opening, seconds, seconds_wanted};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Want, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{AtLast, Fate, Level, Make, Manners, Service};
use crate::sim::objection::Objection;
use crate::sim::words::{code, group, text, time, word};

/// An application server.
#[derive(Debug)]
pub(super) struct Tas;

static MANNERS: Manners = Manners {
    name: "tas",
    title: "telephony application server (TS 32.260, RFC 8506)",
    product: "tas",
    host: "tas.ims.mnc002.mcc401.3gppnetwork.org",
    realm: "ims.mnc002.mcc401.3gppnetwork.org",
    service: Service::Voice,
    groups: &[100],
    tells_answer: true,
    thresholds: false,
    // a call that gets nothing more ends
    refused_group: |kind, _| {
        if matches!(kind, RequestType::Update) { Fate::Terminates } else { Fate::Ends }
    },
    at_last: AtLast::EndsSession,
    ..Manners::PLAIN
};

impl Make for Tas {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, started: i64, serial: u32) -> String {
        format!("{};{started};{serial}", who.host)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let mut avps = opening(who, ask, "02.401.12.32260@3gpp.org");
        avps.extend([
            time(code::EVENT_TIMESTAMP, ask.at),
            name(text(code::SUBSCRIPTION_ID_E164.optional(), &who.msisdn)),
            name(text(code::SUBSCRIPTION_ID_IMSI.optional(), &who.imsi)),
            word(code::MULTIPLE_SERVICES_INDICATOR, 1),
        ]);
        if ask.kind == RequestType::Termination {
            avps.push(word(code::TERMINATION_CAUSE, 1));
        }
        avps.extend(ask.wants.iter().map(quota));
        avps.push(word(code::AOC_REQUEST_TYPE, 1));
        avps.push(information(who, ask.callee.as_deref().unwrap_or_default()));
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::strict(ask, heard, Level::PerGroup, Service::Voice)?;
        check::announcements(heard)?;
        check::both_indications(heard)
    }
}

/// One name in a group of its own (RFC 8506 §8.58).
fn name(name: AvpTree) -> AvpTree {
    group(code::SUBSCRIPTION_ID_EXTENSION.optional(), vec![name])
}

fn quota(want: &Want) -> AvpTree {
    let mut inside = vec![word(code::RATING_GROUP, want.group.unwrap_or_default())];
    inside.extend(seconds_wanted(want));
    let used = |used: &crate::sim::ask::Use| vec![seconds(used.seconds.into())];
    inside.extend(want.used.iter().map(|one| group(code::USED_SERVICE_UNIT, used(one))));
    inside.extend(super::reason(want));
    group(code::MULTIPLE_SERVICES_CREDIT_CONTROL, inside)
}

fn information(who: &Who, called: &str) -> AvpTree {
    let caller = format!("tel:+{}", who.msisdn);
    let inside = vec![
        group(code::EVENT_TYPE, vec![text(code::SIP_METHOD, "INVITE")]),
        word(code::ROLE_OF_NODE, 0),
        word(code::NODE_FUNCTIONALITY, 6),
        text(code::CALLING_PARTY_ADDRESS, &caller),
        text(code::CALLED_PARTY_ADDRESS, called),
    ];
    group(code::SERVICE_INFORMATION, vec![group(code::IMS_INFORMATION, inside)])
}
