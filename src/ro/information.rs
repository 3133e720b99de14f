//! Service-Information of a CCA (TS 32.299 §7.2.192): advice of charge (TS 32.280, AoC-Information), when the account
//! ends (Account-Expiration), and what goes into the records of the client (PS-Furnish-Charging-Information).
//!
//! The groups that hold them need words of the client: an end stands in IMS-Information beside the Node-Functionality
//! that the request has there, and what is furnished beside its 3GPP-Charging-Id. Where the request has none, it is
//! left out.

use super::cost::write_currency;
use super::fields::{Field, Level};
use super::units::{read_unit_value, unit_type, write_decimal};
use super::wire::{Put, Reader, Seen};
use crate::charging::answer::{Advice, AnswerExtra, PriceAdvice};
use crate::charging::units::Money;
use crate::diameter::avp::Avp;
use crate::diameter::encode::Encoder;
use crate::diameter::message::Message;
use crate::time::Timestamp;

/// What is told there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Information<'a> {
    advice: Option<&'a Advice>,
    /// Node-Functionality, and when the account ends.
    ends: Option<(i32, Timestamp)>,
    /// 3GPP-Charging-Id, and what is furnished.
    furnish: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Information<'a> {
    /// What an answer has to say to this request; none where that is nothing.
    pub(super) fn of(extra: &'a AnswerExtra, request: &'a Message) -> Option<Self> {
        let ends = extra.ends.and_then(|at| Some((node_functionality(request)?, at)));
        let data = extra.furnish.as_deref();
        let furnish = data.and_then(|data| Some((charging_id(request)?, data)));
        let advice = extra.advice.as_ref();
        let told = advice.is_some() || ends.is_some() || furnish.is_some();
        told.then_some(Self { advice, ends, furnish })
    }

    /// Writes it.
    pub(super) fn write(&self, out: &mut Encoder<'_>, currency: Option<u16>) {
        out.within(Field::ServiceInformation, |out| {
            if let Some(advice) = self.advice {
                write_advice(out, advice, currency);
            }
            if let Some((charging_id, data)) = self.furnish {
                out.within(Field::PsInformation, |out| {
                    out.within(Field::PsFurnishChargingInformation, |out| {
                        out.plain(Field::ChargingId, charging_id).plain(Field::PsFreeFormatData, data);
                    });
                });
            }
            if let Some((node, at)) = self.ends {
                out.within(Field::ImsInformation, |out| {
                    out.signed(Field::NodeFunctionality, node.into()).at(Field::AccountExpiration, at);
                });
            }
        });
    }
}

fn node_functionality(request: &Message) -> Option<i32> {
    let information = request.find(Field::ServiceInformation.def().key)?;
    let ims = information.find(Field::ImsInformation.def().key)?;
    ims.find(Field::NodeFunctionality.def().key)?.enumerated().ok()
}

/// In PS-Information, or at command level where some gateways put it.
fn charging_id(request: &Message) -> Option<&[u8]> {
    let key = Field::ChargingId.def().key;
    let information = request.find(Field::ServiceInformation.def().key);
    let ps = information.and_then(|information| information.find(Field::PsInformation.def().key));
    let id = ps.and_then(|ps| ps.find(key)).or_else(|| request.find(key))?;
    Some(id.data()).filter(|id| !id.is_empty())
}

fn write_advice(out: &mut Encoder<'_>, advice: &Advice, currency: Option<u16>) {
    out.within(Field::AocInformation, |out| {
        out.within(Field::AocCostInformation, |out| {
            out.within(Field::AccumulatedCost, |out| write_decimal(out, advice.total));
            out.within(Field::IncrementalCost, |out| write_decimal(out, advice.added));
            write_currency(out, currency);
        });
        if let Some(price) = &advice.price {
            out.within(Field::TariffInformation, |out| write_price(out, price, currency));
        }
    });
}

fn write_price(out: &mut Encoder<'_>, price: &PriceAdvice, currency: Option<u16>) {
    out.within(Field::CurrentTariff, |out| {
        write_currency(out, currency);
        out.within(Field::RateElement, |out| {
            out.signed(Field::CcUnitType, unit_type(price.unit));
            let per = i64::try_from(price.per).unwrap_or(i64::MAX);
            out.within(Field::UnitValue, |out| {
                out.signed(Field::ValueDigits, per);
            });
            out.within(Field::UnitCost, |out| write_decimal(out, price.price));
        });
    });
}

/// What a client reads of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Told<'a> {
    /// Accumulated-Cost.
    pub(super) accumulated: Option<Money>,
    /// Account-Expiration.
    pub(super) ends: Option<Timestamp>,
    /// PS-Free-Format-Data.
    pub(super) furnish: Option<&'a [u8]>,
}

/// Reads Service-Information of an answer.
pub(super) fn read<'a>(reader: &mut Reader<'_>, information: &Avp<'a>) -> Told<'a> {
    let mut told = Told::default();
    let mut seen = Seen::default();
    for avp in reader.group(information).into_iter().flatten() {
        match reader.admit(Level::AnswerInformation, &mut seen, &avp) {
            Some(Field::AocInformation) => told.accumulated = read_cost(reader, &avp),
            Some(Field::PsInformation) => told.furnish = read_furnished(reader, &avp),
            Some(Field::ImsInformation) => {
                let ends = member(reader, Level::AnswerIms, &avp, Field::AccountExpiration);
                told.ends = ends.and_then(|avp| reader.time(&avp));
            }
            _ => (),
        }
    }
    told
}

fn read_cost(reader: &mut Reader<'_>, advice: &Avp<'_>) -> Option<Money> {
    let cost = member(reader, Level::AocInformation, advice, Field::AocCostInformation)?;
    let total = member(reader, Level::AocCostInformation, &cost, Field::AccumulatedCost)?;
    read_unit_value(reader, &total)
}

fn read_furnished<'a>(reader: &mut Reader<'_>, ps: &Avp<'a>) -> Option<&'a [u8]> {
    let group = member(reader, Level::AnswerPs, ps, Field::PsFurnishChargingInformation)?;
    let data = member(reader, Level::PsFurnishChargingInformation, &group, Field::PsFreeFormatData)?;
    Some(data.data())
}

fn member<'a>(reader: &mut Reader<'_>, level: Level, group: &Avp<'a>, wanted: Field) -> Option<Avp<'a>> {
    let mut seen = Seen::default();
    let mut members = reader.group(group)?;
    members.find(|avp| reader.admit(level, &mut seen, avp) == Some(wanted))
}
