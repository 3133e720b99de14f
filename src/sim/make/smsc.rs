//! A message centre that keeps to the standard: one CCR-E for each message, its unit in a quota (TS 32.274).

use super::{opening, recipient, subscription};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Units, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{Fate, Make, Manners, Service};
use crate::sim::objection::Objection;
use crate::sim::words::{code, group, long, word};

/// A message centre.
#[derive(Debug)]
pub(super) struct Smsc;

static MANNERS: Manners = Manners {
    name: "smsc",
    title: "a message centre (TS 32.274, IEC)",
    product: "SMSC",
    host: "smsc1.kcell.kz",
    realm: "kcell.kz",
    service: Service::Messages,
    groups: &[5],
    wants: Units::Count(1),
    refused: |_, _| Fate::Ends,
    ..Manners::PLAIN
};

impl Make for Smsc {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, started: i64, serial: u32) -> String {
        format!("{};{started};{serial}", who.host)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let mut avps = opening(who, ask, "32274@3gpp.org");
        if ask.kind == RequestType::Event {
            avps.push(word(code::REQUESTED_ACTION, 0));
        }
        avps.push(subscription(0, &who.msisdn));
        for want in &ask.wants {
            let mut inside: Vec<AvpTree> =
                want.group.map(|rating| word(code::RATING_GROUP, rating)).into_iter().collect();
            if let Some(asks) = want.asks {
                let units = asks.count().map(|count| long(code::CC_SERVICE_SPECIFIC_UNITS, count));
                inside.push(group(code::REQUESTED_SERVICE_UNIT, units.into_iter().collect()));
            }
            avps.push(group(code::MULTIPLE_SERVICES_CREDIT_CONTROL, inside));
        }
        let inside = vec![recipient(ask.callee.as_deref().unwrap_or_default())];
        avps.push(group(code::SERVICE_INFORMATION, vec![group(code::SMS_INFORMATION, inside)]));
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &check::HEAD)?;
        check::known(heard)?;
        check::groups(ask, heard)?;
        check::quota(ask, heard, MANNERS.level, MANNERS.service)?;
        check::refusals(heard)
    }
}
