//! A commercial gateway of a release that stalls without threshold and holding time (Ericsson, Huawei, Cisco PGW),
//! and reports seconds and pieces of one quota apart.

use super::{number_and_imsi, octets_used, octets_wanted, request_number, request_type};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Want, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{Make, Manners, Service};
use crate::sim::objection::{Objection, Rule};
use crate::sim::words::{code, group, long, text, time, word};

/// Such a gateway.
#[derive(Debug)]
pub(super) struct Pgw;

static MANNERS: Manners = Manners {
    name: "pgw",
    title: "a commercial PGW that wants threshold and holding time",
    product: "PGW",
    profile: Some("lenient"),
    host: "pgw7.kcell.kz",
    realm: "kcell.kz",
    service: Service::Data,
    groups: &[10],
    holding: true,
    ..Manners::PLAIN
};

impl Make for Pgw {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, started: i64, serial: u32) -> String {
        format!("{};{started};{serial}", who.host)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let mut avps = vec![
            text(code::SESSION_ID, &ask.session),
            word(code::AUTH_APPLICATION_ID, 4),
            text(code::ORIGIN_HOST, &who.host),
            text(code::ORIGIN_REALM, &who.realm),
            text(code::DESTINATION_REALM, &who.server_realm),
            text(code::DESTINATION_HOST, &who.server_host),
            text(code::SERVICE_CONTEXT_ID, "8.32251@3gpp.org"),
            request_type(ask),
            request_number(ask),
            time(code::EVENT_TIMESTAMP, ask.at),
        ];
        avps.extend(number_and_imsi(who));
        if ask.kind == RequestType::Termination {
            avps.push(word(code::TERMINATION_CAUSE, 1));
        }
        avps.push(word(code::MULTIPLE_SERVICES_INDICATOR, 1));
        avps.extend(ask.wants.iter().map(quota));
        let inside = vec![text(code::CALLED_STATION_ID, "internet")];
        avps.push(group(code::SERVICE_INFORMATION, vec![group(code::PS_INFORMATION, inside)]));
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &check::HEAD)?;
        check::known(heard)?;
        check::once(heard)?;
        check::quota_code(heard)?;
        check::quota(ask, heard, MANNERS.level, MANNERS.service)?;
        check::validity(heard)?;
        check::thresholds(heard)?;
        let more = |offer: &&crate::sim::heard::Offer| offer.granted.is_some() && offer.last.is_none();
        for offer in heard.offers().iter().filter(more) {
            let thrifty = offer.volume_threshold.is_some() && offer.holding.is_some();
            Objection::unless(
                thrifty,
                Rule::Thrifty,
                format_args!("{:?} and {:?}", offer.volume_threshold, offer.holding),
            )?;
        }
        Ok(())
    }
}

fn quota(want: &Want) -> AvpTree {
    let mut inside: Vec<AvpTree> =
        want.group.map(|rating| word(code::RATING_GROUP, rating)).into_iter().collect();
    inside.extend(octets_wanted(want));
    for used in &want.used {
        inside.push(group(code::USED_SERVICE_UNIT, octets_used(used).into()));
        inside.push(group(code::USED_SERVICE_UNIT, vec![word(code::CC_TIME, used.seconds)]));
        inside.push(group(code::USED_SERVICE_UNIT, vec![long(code::CC_SERVICE_SPECIFIC_UNITS, 0)]));
    }
    inside.extend(super::reason(want));
    group(code::MULTIPLE_SERVICES_CREDIT_CONTROL, inside)
}
