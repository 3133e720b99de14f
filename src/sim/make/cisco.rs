//! Cisco ASR 5000 (StarOS): codes that count on one level alone, groups that are retried by a timer, and use that
//! goes on while nobody answers.

use super::{number_and_imsi, octets_used, opening};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Units, Want, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{Fate, Make, Manners, Service, Silence};
use crate::sim::objection::{Objection, Rule};
use crate::sim::words::{code, group, long, octets, text, time, word};

/// A gateway of the ASR 5000 family, behind two agents.
#[derive(Debug)]
pub(super) struct Cisco;

/// Seconds after which a group that was blocked is asked for again.
const QUOTA_RETRY: u32 = 60;

static MANNERS: Manners = Manners {
    name: "cisco",
    title: "Cisco ASR 5000 (StarOS)",
    product: "StarOS",
    host: "pgw1.kcell.kz",
    realm: "kcell.kz",
    service: Service::Data,
    wants: Units::Count(0),
    holding: true,
    refused: |kind, code| match (code, kind) {
        (4_011, _) => Fate::Free,
        (_, RequestType::Update) => Fate::Terminates,
        _ => Fate::Ends,
    },
    refused_group: |_, code| match code {
        4_010 | 4_012 => Fate::Blocks(Some(QUOTA_RETRY)),
        5_031 => Fate::Drops,
        _ => Fate::Terminates,
    },
    silence: Silence::Assumes { octets: 256 << 20 },
    ..Manners::PLAIN
};

impl Make for Cisco {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, started: i64, serial: u32) -> String {
        format!("0001-diamproxy.{};{started};{serial};5ab3c2", who.host)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let mut avps = opening(who, ask, "32251@3gpp.org");
        avps.extend([word(code::ORIGIN_STATE_ID, who.state_id), time(code::EVENT_TIMESTAMP, ask.at)]);
        avps.extend(number_and_imsi(who));
        if ask.kind == RequestType::Termination {
            avps.push(word(code::TERMINATION_CAUSE, 1));
        }
        avps.push(word(code::MULTIPLE_SERVICES_INDICATOR, 1));
        avps.extend(ask.wants.iter().map(quota));
        let inside = vec![
            text(code::CALLED_STATION_ID, "internet"),
            octets(code::RAT_TYPE, &[6]),
            text(code::IMSI_MCC_MNC, "40102"),
        ];
        avps.push(group(code::SERVICE_INFORMATION, vec![group(code::PS_INFORMATION, inside)]));
        avps.extend(self.agents());
        avps.push(text(code::ROUTE_RECORD, &who.host));
        avps
    }

    fn agents(&self) -> Vec<AvpTree> {
        let proxy = |host, state: &[u8]| {
            group(code::PROXY_INFO, vec![text(code::PROXY_HOST, host), octets(code::PROXY_STATE, state)])
        };
        vec![proxy("dra1.kcell.kz", &[1, 2, 3, 4, 5]), proxy("dra2.kcell.kz", b"state")]
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &check::HEAD)?;
        check::known(heard)?;
        check::once(heard)?;
        check::quota_code(heard)?;
        for offer in heard.offers() {
            // these are looked for at command level only
            let level = !matches!(offer.code, Some(4_011 | 5_030));
            Objection::unless(level, Rule::Level, format_args!("{:?} in a quota", offer.code))?;
            let zero = offer.validity == Some(0);
            Objection::unless(!zero, Rule::Validity, "a Validity-Time of 0")?;
        }
        check::one_unit(heard, MANNERS.service)?;
        check::quota(ask, heard, MANNERS.level, MANNERS.service)?;
        check::thresholds(heard)
    }
}

fn quota(want: &Want) -> AvpTree {
    let mut inside = Vec::new();
    if let Some(asks) = want.asks {
        let units = asks.count().map(|count| long(code::CC_TOTAL_OCTETS, count)).into_iter().collect();
        inside.push(group(code::REQUESTED_SERVICE_UNIT, units));
    }
    for used in &want.used {
        inside.push(group(code::USED_SERVICE_UNIT, octets_used(used).into()));
    }
    inside.extend(want.group.map(|rating| word(code::RATING_GROUP, rating)));
    inside.extend(super::reason(want));
    group(code::MULTIPLE_SERVICES_CREDIT_CONTROL, inside)
}
