//! A load tool in Huawei's manner: free text as Service-Context-Id, octets at command level.

use super::{octets_wanted, opening, subscription};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Units, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{AtLast, Level, Make, Manners, Pick, Service};
use crate::sim::objection::Objection;
use crate::sim::words::{code, group, long, word};

/// Such a tool.
#[derive(Debug)]
pub(super) struct Huawei;

static MANNERS: Manners = Manners {
    name: "huawei",
    title: "a load tool in Huawei's manner",
    product: "load",
    profile: Some("lenient"),
    host: "load.kcell.kz",
    realm: "kcell.kz",
    service: Service::Data,
    level: Level::Command,
    pick: Pick::First,
    groups: &[],
    wants: Units::Count(1_024),
    thresholds: false,
    at_last: AtLast::EndsSession,
    ..Manners::PLAIN
};

impl Make for Huawei {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, _: &Who, _: i64, serial: u32) -> String {
        format!("load;{serial}")
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let mut avps = opening(who, ask, "data@huawei.example");
        avps.extend([subscription(0, &format!("+{}", who.msisdn))]);
        if ask.kind == RequestType::Termination {
            avps.push(word(code::TERMINATION_CAUSE, 1));
        }
        for want in &ask.wants {
            avps.extend(octets_wanted(want));
            let used = |used: &crate::sim::ask::Use| vec![long(code::CC_TOTAL_OCTETS, used.total())];
            avps.extend(want.used.iter().map(|one| group(code::USED_SERVICE_UNIT, used(one))));
        }
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &[263, 268])?;
        check::quota(ask, heard, MANNERS.level, MANNERS.service)
    }
}
