//! ergw: empty requests for each group, several reports in one quota, and groups that it finds by number alone.

use super::{octets_used, octets_wanted, opening, subscription};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Want, Who, Why};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{AtLast, Fate, Make, Manners, Service};
use crate::sim::objection::Objection;
use crate::sim::words::{code, group, word};

/// The gateway node ergw.
#[derive(Debug)]
pub(super) struct Ergw;

static MANNERS: Manners = Manners {
    name: "ergw",
    title: "ergw",
    product: "erGW",
    host: "ergw.kcell.kz",
    realm: "kcell.kz",
    service: Service::Data,
    groups: &[10, 30],
    parts: 2,
    refused: |kind, code| match (code, kind) {
        (3_000..4_000, _) => Fate::Elsewhere,
        (_, RequestType::Update) => Fate::Terminates,
        _ => Fate::Ends,
    },
    at_last: AtLast::EndsSession,
    ..Manners::PLAIN
};

impl Make for Ergw {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, _: i64, serial: u32) -> String {
        format!("{};1;2;{serial}", who.host)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let mut avps = opening(who, ask, "14.32251@3gpp.org");
        avps.extend([word(code::MULTIPLE_SERVICES_INDICATOR, 1), subscription(0, &who.msisdn)]);
        if ask.kind == RequestType::Termination {
            avps.push(word(code::TERMINATION_CAUSE, 1));
        }
        avps.extend(ask.wants.iter().map(quota));
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &check::HEAD)?;
        check::known(heard)?;
        check::groups(ask, heard)?;
        check::quota(ask, heard, MANNERS.level, MANNERS.service)
    }
}

fn quota(want: &Want) -> AvpTree {
    let mut inside: Vec<AvpTree> = octets_wanted(want).into_iter().collect();
    inside.extend(want.group.map(|rating| word(code::RATING_GROUP, rating)));
    for (at, used) in want.used.iter().enumerate() {
        let is_last = at.saturating_add(1) == want.used.len();
        let why = if is_last { want.why } else { Some(Why::OtherUnit) };
        let mut parts = vec![word(code::CC_TIME, used.seconds)];
        parts.extend(octets_used(used));
        parts.extend(why.map(|why| word(code::REPORTING_REASON, why.value())));
        inside.push(group(code::USED_SERVICE_UNIT, parts));
    }
    group(code::MULTIPLE_SERVICES_CREDIT_CONTROL, inside)
}
