//! The makes of gateways: what each sends, what it accepts, and how it carries on. One file for each.

mod bare;
mod cisco;
mod ergw;
mod huawei;
mod kamailio;
mod magma;
mod nokia;
mod open5gs;
mod pgw;
mod probe;
mod siphon;
mod smsc;
mod tas;

use super::ask::{Ask, Use, Want, Who};
use super::manners::Make;
use super::words::{code, group, long, text, word};
use crate::diameter::tree::AvpTree;

/// All of them.
pub static MAKES: [&dyn Make; 13] = [
    &open5gs::Open5gs,
    &magma::Magma,
    &ergw::Ergw,
    &cisco::Cisco,
    &nokia::Nokia,
    &pgw::Pgw,
    &kamailio::Kamailio,
    &siphon::Siphon,
    &tas::Tas,
    &smsc::Smsc,
    &huawei::Huawei,
    &bare::Bare,
    &probe::Probe,
];

/// The make of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Make> {
    MAKES.iter().copied().find(|make| make.manners().name == name)
}

/// Subscription-Id.
fn subscription(kind: u32, data: &str) -> AvpTree {
    let data = text(code::SUBSCRIPTION_ID_DATA, data);
    group(code::SUBSCRIPTION_ID, vec![word(code::SUBSCRIPTION_ID_TYPE, kind), data])
}

/// E164, then IMSI.
fn number_and_imsi(who: &Who) -> [AvpTree; 2] {
    [subscription(0, &who.msisdn), subscription(1, &who.imsi)]
}

/// What the requests of most makes begin with.
fn opening(who: &Who, ask: &Ask, context: &str) -> Vec<AvpTree> {
    vec![
        text(code::SESSION_ID, &ask.session),
        text(code::ORIGIN_HOST, &who.host),
        text(code::ORIGIN_REALM, &who.realm),
        text(code::DESTINATION_REALM, &who.server_realm),
        word(code::AUTH_APPLICATION_ID, 4),
        text(code::SERVICE_CONTEXT_ID, context),
        request_type(ask),
        request_number(ask),
    ]
}

fn request_type(ask: &Ask) -> AvpTree {
    word(code::CC_REQUEST_TYPE, u32::try_from(ask.kind.value()).unwrap_or(0))
}

fn request_number(ask: &Ask) -> AvpTree {
    word(code::CC_REQUEST_NUMBER, ask.number)
}

fn reason(want: &Want) -> Option<AvpTree> {
    want.why.map(|why| word(code::REPORTING_REASON, why.value()))
}

/// Requested-Service-Unit with total octets, or empty.
fn octets_wanted(want: &Want) -> Option<AvpTree> {
    let count = |count: u64| long(code::CC_TOTAL_OCTETS, count);
    want.asks.map(|asks| group(code::REQUESTED_SERVICE_UNIT, asks.count().map(count).into_iter().collect()))
}

/// A unit of seconds.
fn seconds(count: u64) -> AvpTree {
    word(code::CC_TIME, u32::try_from(count).unwrap_or(u32::MAX))
}

/// Requested-Service-Unit with seconds, or empty.
fn seconds_wanted(want: &Want) -> Option<AvpTree> {
    want.asks.map(|asks| group(code::REQUESTED_SERVICE_UNIT, asks.count().map(seconds).into_iter().collect()))
}

/// Total, in and out.
fn octets_used(used: &Use) -> [AvpTree; 3] {
    [
        long(code::CC_TOTAL_OCTETS, used.total()),
        long(code::CC_INPUT_OCTETS, used.input),
        long(code::CC_OUTPUT_OCTETS, used.output),
    ]
}

/// Recipient-Info of one number.
fn recipient(number: &str) -> AvpTree {
    let address = vec![word(code::ADDRESS_TYPE, 1), text(code::ADDRESS_DATA, number)];
    group(code::RECIPIENT_INFO, vec![group(code::RECIPIENT_ADDRESS, address)])
}
