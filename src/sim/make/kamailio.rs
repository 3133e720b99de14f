//! Kamailio's ims_charging: calls, accounting AVPs in a CCR, no Auth-Application-Id, and no second try.

use super::{request_number, request_type, seconds, seconds_wanted, subscription};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Units, Want, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{AtLast, Fate, Follows, Make, Manners, Pick, Service, Silence};
use crate::sim::objection::{Objection, Rule};
use crate::sim::words::{code, group, text, time, word};

/// A CSCF with ims_charging.
#[derive(Debug)]
pub(super) struct Kamailio;

static MANNERS: Manners = Manners {
    name: "kamailio",
    title: "Kamailio ims_charging (CDiameterPeer)",
    product: "CDiameterPeer",
    host: "scscf.ims.mnc002.mcc401.3gppnetwork.org",
    realm: "ims.mnc002.mcc401.3gppnetwork.org",
    service: Service::Voice,
    pick: Pick::First,
    groups: &[100],
    services: &[1_000],
    wants: Units::Count(30),
    thresholds: false,
    // an update that fails leaves the call to its old quota
    refused: |kind, _| if matches!(kind, RequestType::Update) { Fate::Lives } else { Fate::Ends },
    refused_group: |_, _| Fate::Lives,
    at_last: AtLast::EndsSession,
    reauth: (2_001, Follows::One),
    silence: Silence::GivesUp,
    // a caller who hangs up does not wait for the server
    parallel: true,
    ..Manners::PLAIN
};

impl Make for Kamailio {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, started: i64, serial: u32) -> String {
        format!("{};{started};{serial}", who.host)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let caller = format!("sip:+{}@{}", who.msisdn, who.realm);
        // START, INTERIM, STOP
        let record = match ask.kind {
            RequestType::Initial | RequestType::Event => 2,
            RequestType::Update => 3,
            RequestType::Termination => 4,
        };
        let mut avps = vec![
            text(code::SESSION_ID, &ask.session),
            text(code::ORIGIN_HOST, &who.host),
            text(code::ORIGIN_REALM, &who.realm),
            text(code::DESTINATION_REALM, &who.server_realm),
            word(code::ACCOUNTING_RECORD_TYPE, record),
            word(code::ACCOUNTING_RECORD_NUMBER, ask.number),
            text(code::USER_NAME, &caller),
            time(code::EVENT_TIMESTAMP.optional(), ask.at),
            text(code::SERVICE_CONTEXT_ID, "ext.01.001.8.32260@3gpp.org"),
            information(&caller, ask.callee.as_deref().unwrap_or_default()),
            subscription(2, &caller),
            word(code::MULTIPLE_SERVICES_INDICATOR, 1),
            request_type(ask),
            request_number(ask),
        ];
        avps.extend(ask.wants.iter().map(|want| quota(ask, want)));
        if ask.kind == RequestType::Termination {
            avps.push(word(code::TERMINATION_CAUSE, 1));
        }
        let application = vec![word(code::VENDOR_ID, 10_415), word(code::AUTH_APPLICATION_ID, 4)];
        avps.push(group(code::VENDOR_SPECIFIC_APPLICATION_ID, application));
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &[263, 268])?;
        // the code of a quota is not looked at: a grant beside a refusal is taken
        check::refusals(heard)?;
        if heard.code() == check::SUCCESS && ask.kind == RequestType::Initial {
            let seconds = heard.offers().first().and_then(|offer| offer.granted?.seconds).unwrap_or(0);
            let some = seconds > 0;
            Objection::unless(some, Rule::Quota, "success and no seconds")?;
        }
        Ok(())
    }
}

fn quota(ask: &Ask, want: &Want) -> AvpTree {
    let used = want.used.iter().map(|used| {
        let inside = vec![seconds(used.seconds.into())];
        group(code::USED_SERVICE_UNIT, inside)
    });
    let mut key: Vec<AvpTree> =
        want.services.iter().map(|service| word(code::SERVICE_IDENTIFIER, *service)).collect();
    key.extend(want.group.map(|rating| word(code::RATING_GROUP, rating)));
    let inside = if ask.kind == RequestType::Termination {
        used.chain(key).collect()
    } else {
        seconds_wanted(want).into_iter().chain(key).chain(used).collect()
    };
    group(code::MULTIPLE_SERVICES_CREDIT_CONTROL, inside)
}

fn information(caller: &str, called: &str) -> AvpTree {
    let inside = vec![
        group(code::EVENT_TYPE, vec![text(code::SIP_METHOD, "INVITE")]),
        word(code::ROLE_OF_NODE, 0),
        word(code::NODE_FUNCTIONALITY, 0),
        text(code::CALLING_PARTY_ADDRESS, caller),
        text(code::CALLED_PARTY_ADDRESS, called),
    ];
    group(code::SERVICE_INFORMATION, vec![group(code::IMS_INFORMATION, inside)])
}
