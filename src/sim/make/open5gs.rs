//! Open5GS SMF, over freeDiameter, which drops what does not follow its rules to the letter.

use super::{octets_used, octets_wanted, reason, request_number, request_type, subscription};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Units, Want, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{AtLast, Fate, Follows, Make, Manners, Pick, Service};
use crate::sim::objection::Objection;
use crate::sim::words::{code, group, octets, text, time, word};

/// The SMF of Open5GS.
#[derive(Debug)]
pub(super) struct Open5gs;

static MANNERS: Manners = Manners {
    name: "open5gs",
    title: "Open5GS SMF (freeDiameter)",
    product: "freeDiameter",
    host: "smf.epc.mnc002.mcc401.3gppnetwork.org",
    realm: "epc.mnc002.mcc401.3gppnetwork.org",
    service: Service::Data,
    pick: Pick::Last,
    groups: &[],
    wants: Units::Count(1_000_000),
    // a CCR-I that is refused is forgotten; a quota that is refused ends the session
    refused: |kind, _| if matches!(kind, RequestType::Update) { Fate::Terminates } else { Fate::Ends },
    refused_group: |_, _| Fate::Terminates,
    any_last_ends: true,
    at_last: AtLast::EndsSession,
    reauth: (2_001, Follows::Nothing),
    abort: None,
    ..Manners::PLAIN
};

impl Make for Open5gs {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, started: i64, serial: u32) -> String {
        format!("{};{started};{serial};app_gy", who.host)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let mut avps = vec![
            text(code::SESSION_ID, &ask.session),
            text(code::ORIGIN_HOST, &who.host),
            text(code::ORIGIN_REALM, &who.realm),
            // its own realm, whatever the server's is
            text(code::DESTINATION_REALM, &who.realm),
            word(code::AUTH_APPLICATION_ID, 4),
            text(code::SERVICE_CONTEXT_ID, "32251@3gpp.org"),
            request_type(ask),
            request_number(ask),
        ];
        avps.extend(ask.learned.as_deref().map(|host| text(code::DESTINATION_HOST, host)));
        avps.push(time(code::EVENT_TIMESTAMP, ask.at));
        avps.extend([subscription(1, &who.imsi), subscription(0, &who.msisdn)]);
        if ask.kind == RequestType::Termination {
            avps.push(word(code::TERMINATION_CAUSE, 1));
        }
        avps.extend([word(code::REQUESTED_ACTION, 0), word(code::AOC_REQUEST_TYPE, 1)]);
        if ask.kind == RequestType::Initial {
            avps.push(word(code::MULTIPLE_SERVICES_INDICATOR, 0));
        }
        avps.extend(ask.wants.iter().map(|want| quota(ask, want)));
        avps.push(information());
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::session_first(heard)?;
        check::whole(heard, &[268, 264])?;
        if (2_000..3_000).contains(&heard.code()) {
            check::whole(heard, &check::HEAD)?;
            check::known(heard)?;
            check::once(heard)?;
            check::quota_code(heard)?;
            check::quota(ask, heard, MANNERS.level, MANNERS.service)?;
            check::thresholds(heard)?;
        }
        Ok(())
    }
}

fn quota(ask: &Ask, want: &Want) -> AvpTree {
    let mut inside: Vec<AvpTree> = octets_wanted(want).into_iter().collect();
    for used in &want.used {
        // the first report has the clock where seconds belong
        let seconds = match (ask.kind, ask.number) {
            (RequestType::Update, 1) => u32::try_from(ask.at.secs()).unwrap_or(u32::MAX),
            _ => used.seconds,
        };
        let [_, input, output] = octets_used(used);
        let mut parts: Vec<AvpTree> = reason(want).into_iter().collect();
        parts.extend([word(code::CC_TIME, seconds), input, output]);
        inside.push(group(code::USED_SERVICE_UNIT, parts));
    }
    inside.extend(want.group.map(|rating| word(code::RATING_GROUP, rating)));
    inside.push(group(code::QOS_INFORMATION, vec![word(code::QOS_CLASS_IDENTIFIER, 9)]));
    group(code::MULTIPLE_SERVICES_CREDIT_CONTROL, inside)
}

fn information() -> AvpTree {
    let inside = vec![
        octets(code::CHARGING_ID, &[0, 0, 0, 1]),
        word(code::PDP_TYPE, 0),
        octets(code::PDP_ADDRESS, &[0, 1, 10, 45, 0, 2]),
        text(code::CALLED_STATION_ID, "internet"),
        octets(code::RAT_TYPE, &[6]),
        text(code::SGSN_MCC_MNC, "40102"),
    ];
    group(code::SERVICE_INFORMATION, vec![group(code::PS_INFORMATION, inside)])
}
