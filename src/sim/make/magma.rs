//! Magma's federated gateway: AVPs in no order, sessions that begin without quotas, groups side by side.

use super::{octets_used, reason, request_number, request_type, subscription};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Units, Want, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{AtLast, Fate, Follows, Make, Manners, Service, Silence};
use crate::sim::objection::{Objection, Rule};
use crate::sim::words::{code, group, long, octets, text, time, word};

/// The FeG of Magma.
#[derive(Debug)]
pub(super) struct Magma;

static MANNERS: Manners = Manners {
    name: "magma",
    title: "Magma federated gateway",
    product: "magma-fedgw",
    host: "feg.magma.mnc002.mcc401.3gppnetwork.org",
    realm: "magma.mnc002.mcc401.3gppnetwork.org",
    service: Service::Data,
    opens_bare: true,
    groups: &[10, 20],
    wants: Units::Count(2 << 20),
    refused: |kind, _| if matches!(kind, RequestType::Update) { Fate::Terminates } else { Fate::Ends },
    refused_group: |_, code| if code < 5_000 { Fate::Blocks(None) } else { Fate::Terminates },
    at_last: AtLast::EndsSession,
    reauth: (2_002, Follows::Each),
    // once, with new identifiers and no flag
    silence: Silence::SendsAgain { flag: false },
    parallel: true,
    ..Manners::PLAIN
};

impl Make for Magma {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, _: i64, serial: u32) -> String {
        format!("feg;IMSI{}-{serial}", who.imsi)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let mut avps = vec![
            text(code::SERVICE_CONTEXT_ID, "32251@3gpp.org"),
            request_type(ask),
            text(code::SESSION_ID, &ask.session),
            request_number(ask),
            word(code::MULTIPLE_SERVICES_INDICATOR, 1),
            text(code::DESTINATION_REALM, &who.server_realm),
            text(code::DESTINATION_HOST, &who.server_host),
            word(code::AUTH_APPLICATION_ID, 4),
            time(code::EVENT_TIMESTAMP, ask.at),
            subscription(1, &who.imsi),
            subscription(0, &who.msisdn),
        ];
        if ask.kind == RequestType::Termination {
            avps.push(word(code::TERMINATION_CAUSE, 1));
        }
        avps.extend(ask.wants.iter().map(quota));
        avps.extend([
            information(),
            equipment(),
            text(code::ORIGIN_HOST, &who.host),
            text(code::ORIGIN_REALM, &who.realm),
            word(code::ORIGIN_STATE_ID, who.state_id),
        ]);
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &[263, 268, 264, 296, 416, 415])?;
        check::known(heard)?;
        if heard.code() == check::SUCCESS && ask.kind == RequestType::Update {
            let some = !heard.offers().is_empty();
            Objection::unless(some, Rule::Groups, "an update that is answered without a quota")?;
            check::groups(ask, heard)?;
            check::quota(ask, heard, MANNERS.level, MANNERS.service)?;
        }
        check::quota_code(heard)?;
        // a grant without end is never asked about again, and a limited user never gets out
        check::validity(heard)?;
        check::limits(heard)
    }
}

fn quota(want: &Want) -> AvpTree {
    let mut inside: Vec<AvpTree> =
        want.group.map(|rating| word(code::RATING_GROUP, rating)).into_iter().collect();
    if let Some(asks) = want.asks {
        // numbers beside a report, else nothing
        let units = asks.count().filter(|_| !want.used.is_empty()).map(|count| {
            vec![
                long(code::CC_INPUT_OCTETS, 0),
                long(code::CC_OUTPUT_OCTETS, 0),
                long(code::CC_TOTAL_OCTETS, count),
            ]
        });
        inside.push(group(code::REQUESTED_SERVICE_UNIT, units.unwrap_or_default()));
    }
    for used in &want.used {
        let parts = octets_used(used).into_iter().chain(reason(want)).collect();
        inside.push(group(code::USED_SERVICE_UNIT, parts));
    }
    inside.extend(reason(want).filter(|_| want.used.is_empty()));
    group(code::MULTIPLE_SERVICES_CREDIT_CONTROL, inside)
}

fn information() -> AvpTree {
    let location = [0x82, 0x04, 0xf1, 0x20, 0, 1, 4, 0xf1, 0x20, 0, 0, 1, 1];
    let inside = vec![
        octets(code::RAT_TYPE.optional(), &[6]),
        text(code::SGSN_MCC_MNC.optional(), "40102"),
        text(code::CALLED_STATION_ID, "internet"),
        octets(code::USER_LOCATION_INFO.optional(), &location),
    ];
    group(code::SERVICE_INFORMATION, vec![group(code::PS_INFORMATION, inside)])
}

fn equipment() -> AvpTree {
    let inside = vec![
        word(code::USER_EQUIPMENT_INFO_TYPE.optional(), 0),
        text(code::USER_EQUIPMENT_INFO_VALUE.optional(), "3534900698733190"),
    ];
    group(code::USER_EQUIPMENT_INFO.optional(), inside)
}
