//! Nokia 7750: 3GPP's AVPs at command level, quotas by group and service, and a CCR-T that is sent for hours.

use super::{octets_used, octets_wanted, opening, reason, subscription};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Want, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{Make, Manners, Service};
use crate::sim::objection::Objection;
use crate::sim::words::{code, group, octets, text, word};

/// A router of the 7750 family.
#[derive(Debug)]
pub(super) struct Nokia;

static MANNERS: Manners = Manners {
    name: "nokia",
    title: "Nokia 7750 (SR OS)",
    product: "SR-OS",
    host: "sr7750.kcell.kz",
    realm: "kcell.kz",
    service: Service::Data,
    first_number: 1,
    services: &[2, 1],
    holding: true,
    replays: Some(5),
    ..Manners::PLAIN
};

impl Make for Nokia {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, started: i64, serial: u32) -> String {
        format!("{};{started};{serial}", who.host)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let mut avps = opening(who, ask, "32251@3gpp.org");
        avps.extend([subscription(1, &who.imsi), subscription(0, &who.msisdn)]);
        if ask.kind == RequestType::Termination {
            avps.push(word(code::TERMINATION_CAUSE, 1));
        }
        avps.extend([
            word(code::MULTIPLE_SERVICES_INDICATOR, 1),
            text(code::CALLED_STATION_ID, "internet"),
            octets(code::RAT_TYPE, &[6]),
            text(code::SGSN_MCC_MNC, "40102"),
        ]);
        avps.extend(ask.wants.iter().map(quota));
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &check::HEAD)?;
        check::known(heard)?;
        check::quota_code(heard)?;
        check::groups(ask, heard)?;
        check::quota(ask, heard, MANNERS.level, MANNERS.service)?;
        check::refusals(heard)
    }
}

fn quota(want: &Want) -> AvpTree {
    let mut inside: Vec<AvpTree> = octets_wanted(want).into_iter().collect();
    for used in &want.used {
        inside.push(group(code::USED_SERVICE_UNIT, octets_used(used).into()));
    }
    inside.extend(want.group.map(|rating| word(code::RATING_GROUP, rating)));
    inside.extend(want.services.iter().map(|service| word(code::SERVICE_IDENTIFIER, *service)));
    inside.extend(reason(want));
    group(code::MULTIPLE_SERVICES_CREDIT_CONTROL, inside)
}
