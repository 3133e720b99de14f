//! A load tool that asks with empty requests and stops at whatever it does not expect.

use super::{octets_used, octets_wanted, opening, subscription};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{AtLast, Fate, Make, Manners, Service};
use crate::sim::objection::{Objection, Rule};
use crate::sim::words::{code, group, word};

/// Such a tool.
#[derive(Debug)]
pub(super) struct Probe;

static MANNERS: Manners = Manners {
    name: "probe",
    title: "a load tool that stops at whatever it does not expect",
    product: "probe",
    host: "probe.kcell.kz",
    realm: "kcell.kz",
    service: Service::Data,
    groups: &[10],
    services: &[1],
    thresholds: false,
    refused: |_, _| Fate::Ends,
    refused_group: |_, _| Fate::Ends,
    at_last: AtLast::EndsSession,
    abort: None,
    ..Manners::PLAIN
};

impl Make for Probe {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, who: &Who, _: i64, serial: u32) -> String {
        format!("{};{serial}", who.host)
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        let mut avps = opening(who, ask, "32251@3gpp.org");
        avps.extend([subscription(0, &who.msisdn)]);
        for want in &ask.wants {
            let mut inside: Vec<AvpTree> = octets_wanted(want).into_iter().collect();
            inside.extend(want.services.iter().map(|service| word(code::SERVICE_IDENTIFIER, *service)));
            inside.extend(want.group.map(|rating| word(code::RATING_GROUP, rating)));
            let used = want.used.iter().map(|used| group(code::USED_SERVICE_UNIT, octets_used(used).into()));
            inside.extend(used);
            avps.push(group(code::MULTIPLE_SERVICES_CREDIT_CONTROL, inside));
        }
        avps
    }

    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &[263, 268])?;
        let expected = matches!(heard.code(), 2_001 | 4_012);
        Objection::unless(expected, Rule::Level, format_args!("{} at command level", heard.code()))?;
        if heard.code() != check::SUCCESS || ask.kind == RequestType::Termination {
            return Ok(());
        }
        for offer in heard.offers() {
            Objection::unless(offer.group.is_some(), Rule::Groups, "a quota without Rating-Group")?;
            let total = offer.granted.is_some_and(|granted| granted.total.is_some());
            let refused = offer.code.is_some_and(|code| code != check::SUCCESS);
            Objection::unless(total || refused, Rule::Quota, "a quota without CC-Total-Octets")?;
        }
        check::groups(ask, heard)
    }
}
