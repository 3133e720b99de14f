//! Charging data record, class 131, layout 1. Key: its place among the records of its batch, u64 big-endian. Value: version
//! u8 = 1 · account u64 (0 none) · number packed u64 (0 none) · IMSI packed u64 (0 none) · service text · identifier text ·
//! incarnation count · key · part count · closing u8 · opened i64 · closed i64 (µs) · role u8 (0 originating, 1 terminating, 2
//! forwarding) · called text? · requested text? · recipients texts · client text · use.
//!
//! Use, here and in a session's tallies: flags u8 (1 span, 2 late) · first i64, last i64 where flagged · network packed u64 (0
//! none) · radio u16 (256 none) · above the grant count · lines: number, then each: plan text, rate text, version u64, unit u8,
//! units count, bundles: number, each name text and units count, main i64, bonus i64.

use super::codec::{Reader, RecordError, Writer, flag};
use super::{Class, Key};
use crate::charging::account::AccountId;
use crate::charging::cdr::{BundleUse, Cdr, Closing, Tally, UseLine};
use crate::charging::request::{Parties, Place, Role};

/// The class of charging data records.
pub const CLASS: Class = Class::Cdr;

const VERSION: u8 = 1;
const SPAN: u8 = 1;
const LATE: u8 = 2;
/// Stands for no radio technology.
const NO_RADIO: u16 = 256;

/// Where a record stands within its batch.
pub fn key(place: u64) -> Key {
    Key::from_u64(place)
}

/// The place of a key.
pub fn place(key: &Key) -> Result<u64, RecordError> {
    key.to_u64().ok_or(RecordError::Field("key"))
}

const fn closing_octet(closing: Closing) -> u8 {
    match closing {
        Closing::Ended => 1,
        Closing::Event => 2,
        Closing::Refund => 3,
        Closing::Emergency => 4,
        Closing::PartTime => 5,
        Closing::PartVolume => 6,
        Closing::Refused => 7,
        Closing::Restarted => 8,
        Closing::Expired => 9,
        Closing::Lost => 10,
        Closing::Late => 11,
    }
}

/// The record's octets.
pub fn encode(cdr: &Cdr) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 320);
    to.u64(cdr.account.map_or(0, |account| account.0));
    to.digits_or_none(cdr.msisdn);
    to.digits_or_none(cdr.imsi);
    to.text(&cdr.service);
    to.text(cdr.session.as_str());
    to.count(u64::from(cdr.incarnation));
    to.quota_key(&cdr.key);
    to.count(u64::from(cdr.part));
    to.u8(closing_octet(cdr.closing));
    to.time(cdr.opened);
    to.time(cdr.closed);
    to.u8(match cdr.parties.role {
        Role::Originating => 0,
        Role::Terminating => 1,
        Role::Forwarding => 2,
    });
    to.text_or_none(cdr.parties.called.as_deref());
    to.text_or_none(cdr.parties.requested.as_deref());
    to.texts(&cdr.parties.recipients);
    to.text(&cdr.client);
    put_use(&mut to, cdr.span, (cdr.place, cdr.late, cdr.above_grant), &cdr.lines);
    to.finish()
}

/// The record under a key.
pub fn decode(octets: &[u8]) -> Result<Cdr, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let narrow = |count: u64, field| u32::try_from(count).map_err(|_| RecordError::Field(field));
    let account = Some(from.u64()?).filter(|id| *id != 0).map(AccountId);
    let (msisdn, imsi) = (from.digits_or_none("number")?, from.digits_or_none("imsi")?);
    let (service, session) = (from.text("service")?, from.session_id()?);
    let incarnation = narrow(from.count()?, "incarnation")?;
    let key = from.quota_key()?;
    let part = narrow(from.count()?, "part")?;
    let octet = from.u8()?;
    let closing = Closing::ALL.into_iter().find(|closing| closing_octet(*closing) == octet);
    let closing = closing.ok_or(RecordError::Field("closing"))?;
    let (opened, closed) = (from.time()?, from.time()?);
    let role = match from.u8()? {
        0 => Role::Originating,
        1 => Role::Terminating,
        2 => Role::Forwarding,
        _ => return Err(RecordError::Field("role")),
    };
    let parties = Parties {
        role,
        called: from.text_or_none("called")?,
        requested: from.text_or_none("requested")?,
        recipients: from.texts("recipients")?,
    };
    let client = from.text("client")?;
    let used = take_use(&mut from)?;
    from.finish()?;
    let Tally { parts: _, since: _, span, place, late, above_grant, lines } = used;
    Ok(Cdr {
        account,
        msisdn,
        imsi,
        service,
        session,
        incarnation,
        key,
        part,
        closing,
        opened,
        closed,
        span,
        parties,
        place,
        client,
        late,
        above_grant,
        lines,
    })
}

/// Writes a session's tally: parts count, since i64, use.
pub(super) fn put_tally(to: &mut Writer, tally: &Tally) {
    to.count(u64::from(tally.parts));
    to.time(tally.since);
    put_use(to, tally.span, (tally.place, tally.late, tally.above_grant), &tally.lines);
}

/// Reads a session's tally.
pub(super) fn take_tally(from: &mut Reader<'_>) -> Result<Tally, RecordError> {
    let parts = u32::try_from(from.count()?).map_err(|_| RecordError::Field("parts"))?;
    let since = from.time()?;
    Ok(Tally { parts, since, ..take_use(from)? })
}

type Times = Option<(crate::time::Timestamp, crate::time::Timestamp)>;

fn put_use(to: &mut Writer, span: Times, (place, late, above): (Place, bool, u64), lines: &[UseLine]) {
    to.u8(flag(span.is_some(), SPAN) | flag(late, LATE));
    if let Some((first, last)) = span {
        to.time(first);
        to.time(last);
    }
    to.digits_or_none(place.serving_plmn);
    to.u16(place.radio.map_or(NO_RADIO, u16::from));
    to.count(above);
    to.length(lines.len());
    for UseLine { plan, rate, version, unit, units, bundles, main, bonus } in lines {
        to.text(plan);
        to.text(rate);
        to.u64(*version);
        to.unit(*unit);
        to.count(*units);
        to.length(bundles.len());
        for BundleUse { bundle, units } in bundles {
            to.text(bundle);
            to.count(*units);
        }
        to.money(*main);
        to.money(*bonus);
    }
}

fn take_use(from: &mut Reader<'_>) -> Result<Tally, RecordError> {
    let flags = from.flags(SPAN | LATE)?;
    let span = if flags & SPAN == 0 { None } else { Some((from.time()?, from.time()?)) };
    let serving_plmn = from.digits_or_none("network")?;
    let radio = match from.u16()? {
        NO_RADIO => None,
        radio => Some(u8::try_from(radio).map_err(|_| RecordError::Field("radio"))?),
    };
    let above_grant = from.count()?;
    let bundle = |from: &mut Reader<'_>| Ok(BundleUse { bundle: from.text("bundle")?, units: from.count()? });
    let length = from.length()?;
    let line = |from: &mut Reader<'_>| {
        Ok(UseLine {
            plan: from.text("plan")?,
            rate: from.text("rate")?,
            version: from.u64()?,
            unit: from.unit()?,
            units: from.count()?,
            bundles: {
                let length = from.length()?;
                (0..length).map(|_| bundle(from)).collect::<Result<_, _>>()?
            },
            main: from.money()?,
            bonus: from.money()?,
        })
    };
    let lines = (0..length).map(|_| line(from)).collect::<Result<_, _>>()?;
    let place = Place { serving_plmn, radio };
    let late = flags & LATE != 0;
    Ok(Tally { parts: 0, since: crate::time::Timestamp::EPOCH, span, place, late, above_grant, lines })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::codec::tests::{amount, damaged, money, number, quota_key, session_id, text, time};
    use super::*;
    use crate::charging::request::{QuotaKey, SessionId};
    use crate::charging::units::{Digits, Money, Unit};
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn sample() -> Cdr {
        let time = Timestamp::from_micros;
        Cdr {
            account: Some(AccountId(7)),
            msisdn: Digits::parse("77010000001"),
            imsi: None,
            service: "data".into(),
            session: SessionId::new("pgw;1").unwrap(),
            incarnation: 1,
            key: QuotaKey { rating_group: Some(10), services: Vec::new() },
            part: 2,
            closing: Closing::PartTime,
            opened: time(1),
            closed: time(2),
            span: Some((time(3), time(4))),
            parties: Parties { called: Some("c".into()), ..Parties::default() },
            place: Place { serving_plmn: Digits::parse("40102"), radio: Some(6) },
            client: "pgw".into(),
            late: true,
            above_grant: 5,
            lines: vec![UseLine {
                plan: "p".into(),
                rate: "r".into(),
                version: 9,
                unit: Unit::Octets,
                units: 300,
                bundles: vec![BundleUse { bundle: "b".into(), units: 200 }],
                main: Money::from_micros(1_000),
                bonus: Money::ZERO,
            }],
        }
    }

    #[test]
    fn the_layout_is_what_it_was() {
        let octets = encode(&sample());
        let golden = "0107000000000000001b0000000177000000000000000000000464617461057067773b3101010a00\
                      00000205010000000000000002000000000000000002630000037067770303000000000000000400\
                      00000000000025104000000000000600050101700172090000000000000000ac02010162c801e803\
                      0000000000000000000000000000";
        assert_eq!(super::super::hex(&octets), golden);
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), decode);
        assert_eq!(decode(&encode(&sample())), Ok(sample()));
        assert_eq!(place(&key(3)), Ok(3));
    }

    prop_compose! {
        fn line()(texts in proptest::array::uniform2(text()), version: u64, used in amount(),
            bundles in proptest::collection::vec((text(), any::<u64>()), 0..3), moneys in proptest::array::uniform2(money()))
            -> UseLine
        {
            let ([plan, rate], [main, bonus]) = (texts, moneys);
            let one = |(bundle, units)| BundleUse { bundle, units };
            let bundles = bundles.into_iter().map(one).collect();
            UseLine { plan, rate, version, unit: used.unit, units: used.count, bundles, main, bonus }
        }
    }

    prop_compose! {
        pub(in crate::store::record) fn tally()(parts: u32, since in time(),
            span in proptest::option::of((time(), time())), serving_plmn in proptest::option::of(number()),
            radio: Option<u8>, late: bool, above_grant: u64, lines in proptest::collection::vec(line(), 0..3)) -> Tally
        {
            Tally { parts, since, span, place: Place { serving_plmn, radio }, late, above_grant, lines }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tally in tally(), msisdn in proptest::option::of(number()), session in session_id(),
            key in quota_key(), closing in 0usize..11, names in proptest::array::uniform2(text()), incarnation: u32)
        {
            let Tally { parts, since, span, place, late, above_grant, lines } = tally;
            let [service, client] = names;
            let cdr = Cdr {
                msisdn, imsi: msisdn, session, key, closing: Closing::ALL[closing], service, client, incarnation,
                part: parts, opened: since, span, place, late, above_grant, lines, ..sample()
            };
            prop_assert_eq!(decode(&encode(&cdr)), Ok(cdr));
        }
    }
}
