//! A load tool that says as little as can be: Session-Id fifth, numbers from 1000, no application, no context, no
//! units.

use super::{request_number, request_type, subscription};
use crate::diameter::tree::AvpTree;
use crate::sim::ask::{Ask, Who};
use crate::sim::check;
use crate::sim::heard::Heard;
use crate::sim::manners::{Level, Make, Manners, Service, Silence};
use crate::sim::objection::Objection;
use crate::sim::words::{code, text};

/// Such a tool.
#[derive(Debug)]
pub(super) struct Bare;

static MANNERS: Manners = Manners {
    name: "bare",
    title: "a load tool without quotas",
    product: "bare",
    host: "load.kcell.kz",
    realm: "kcell.kz",
    service: Service::Data,
    level: Level::Nothing,
    first_number: 1_000,
    opens_bare: true,
    groups: &[],
    thresholds: false,
    abort: None,
    silence: Silence::GivesUp,
    ..Manners::PLAIN
};

impl Make for Bare {
    fn manners(&self) -> &'static Manners {
        &MANNERS
    }

    fn session_id(&self, _: &Who, _: i64, serial: u32) -> String {
        format!("load;{serial}")
    }

    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree> {
        vec![
            text(code::ORIGIN_HOST, &who.host),
            text(code::ORIGIN_REALM, &who.realm),
            text(code::DESTINATION_REALM, &who.server_realm),
            request_type(ask),
            text(code::SESSION_ID, &ask.session),
            request_number(ask),
            subscription(0, &who.msisdn),
        ]
    }

    fn check(&self, _: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        check::whole(heard, &[268])
    }
}
