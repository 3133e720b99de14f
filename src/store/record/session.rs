//! Session, class 3, layout 1. Key: 128-bit hash of its identifier. Value: version u8 = 1 · flags u8 (1 ended, 2
//! emergency, 4 terminating, 8 forwarding, 16 place) · account u64 · number packed u64 · incarnation count · opened i64 ·
//! touched i64 · ended i64 where flagged (µs) · texts: identifier, service, host, realm, profile · called text? ·
//! requested text? · recipients texts · place where flagged: network packed u64 or 0, radio u16 (256 for none) ·
//! quotas · answers · seen.
//!
//! Quota: key · used count · rated: number, each version u64, plan u16, rate u16, destination u16, units count,
//! charged i64 · flags u8 (1 reservation, 2 lapsed, 4 final, 8 limited, 16 pace, 32 change, 64 after it, 128 more) · reservation:
//! unit u8, granted count, money i64, expires i64, bundles: number, each name text, expires time?, units count · change
//! i64, after it count · pace: at i64, units a second count, units since count · more u8 (1 pool, 2 armed, 4 refused, 8 since, 16 bands, 32 bonus, 64 tally) · pool u32 · armed: a bit for each
//! condition, u8 · since i64 · bands: for each rated its band u16 · bonus money held:
//! number, each id count, money i64 · tally: parts count, since i64, use as in `super::cdr`.
//! Answer: kind u8, number u32, digest u64, answer. Seen: kind u8, first u32, last u32.

use super::codec::{Reader, RecordError, Writer, flag};
use super::{Class, Key, answer, cdr};
use crate::charging::account::AccountId;
use crate::charging::request::{Action, Condition, Kind, Parties, Place, Role};
use crate::charging::session::{
    HeldAllowance, HeldBonus, Pace, Quota, RateKey, Rated, Reservation, SeenRange, Session, SessionState,
    StoredAnswer,
};

/// The class of sessions.
pub const CLASS: Class = Class::Session;

const VERSION: u8 = 1;
const ENDED: u8 = 1;
const EMERGENCY: u8 = 2;
const TERMINATING: u8 = 4;
const FORWARDING: u8 = 8;
const PLACE: u8 = 16;
const RESERVATION: u8 = 1;
const LAPSED: u8 = 2;
const FINAL: u8 = 4;
const LIMITED: u8 = 8;
const PACE: u8 = 16;
const CHANGE: u8 = 32;
const AFTER: u8 = 64;
const MORE: u8 = 128;
const SINCE: u8 = 8;
const BANDS: u8 = 16;
const BONUS: u8 = 32;
const TALLY: u8 = 64;
/// Stands for no band of time.
const NO_BAND: u16 = u16::MAX;
const POOL: u8 = 1;
const ARMED: u8 = 2;
const REFUSED: u8 = 4;
/// Conditions by their bits, the lowest first.
const CONDITIONS: [Condition; 8] = [
    Condition::Radio,
    Condition::Network,
    Condition::Node,
    Condition::Location,
    Condition::TimeZone,
    Condition::Quality,
    Condition::Media,
    Condition::Other,
];
/// Stands for no radio technology.
const NO_RADIO: u16 = 256;

/// Where a session stands: the hash of its identifier.
pub fn key(hash: [u8; 16]) -> Key {
    Key::new(&hash).unwrap_or(Key::EMPTY)
}

/// The hash that a key is.
pub fn hash(key: &Key) -> Result<[u8; 16], RecordError> {
    key.as_octets().try_into().map_err(|_| RecordError::Field("key"))
}

/// The session's octets.
pub fn encode(session: &Session) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 640);
    let role = match session.parties.role {
        Role::Originating => 0,
        Role::Terminating => TERMINATING,
        Role::Forwarding => FORWARDING,
    };
    let ended = match session.state {
        SessionState::Open => None,
        SessionState::Ended(at) => Some(at),
    };
    let place = Some(session.place).filter(|place| *place != Place::default());
    to.u8(flag(ended.is_some(), ENDED)
        | flag(session.emergency, EMERGENCY)
        | role
        | flag(place.is_some(), PLACE));
    to.u64(session.account.0);
    to.digits(session.msisdn);
    to.count(u64::from(session.incarnation));
    to.time(session.opened);
    to.time(session.touched);
    if let Some(at) = ended {
        to.time(at);
    }
    let texts = [
        session.id.as_str(),
        &session.service,
        &session.client_host,
        &session.client_realm,
        &session.profile,
    ];
    for text in texts {
        to.text(text);
    }
    to.text_or_none(session.parties.called.as_deref());
    to.text_or_none(session.parties.requested.as_deref());
    to.texts(&session.parties.recipients);
    if let Some(Place { serving_plmn, radio }) = place {
        to.digits_or_none(serving_plmn);
        to.u16(radio.map_or(NO_RADIO, u16::from));
    }
    to.length(session.quotas.len());
    session.quotas.iter().for_each(|quota| put_quota(&mut to, quota));
    to.length(session.answers.len());
    for StoredAnswer { kind, number, digest, answer } in &session.answers {
        put_kind(&mut to, *kind);
        to.u32(*number);
        to.u64(*digest);
        answer::put(&mut to, answer);
    }
    to.length(session.seen.len());
    for SeenRange { kind, first, last } in &session.seen {
        put_kind(&mut to, *kind);
        to.u32(*first);
        to.u32(*last);
    }
    to.finish()
}

/// The session of a record.
pub fn decode(octets: &[u8]) -> Result<Session, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let flags = from.flags(ENDED | EMERGENCY | TERMINATING | FORWARDING | PLACE)?;
    let role = match flags & (TERMINATING | FORWARDING) {
        0 => Role::Originating,
        TERMINATING => Role::Terminating,
        FORWARDING => Role::Forwarding,
        _ => return Err(RecordError::Field("role")),
    };
    let account = AccountId(from.u64()?);
    let msisdn = from.digits("number")?;
    let incarnation = u32::try_from(from.count()?).map_err(|_| RecordError::Field("incarnation"))?;
    let (opened, touched) = (from.time()?, from.time()?);
    let state = if flags & ENDED == 0 { SessionState::Open } else { SessionState::Ended(from.time()?) };
    let session = Session {
        id: from.session_id()?,
        account,
        msisdn,
        service: from.text("service")?,
        incarnation,
        state,
        client_host: from.text("host")?,
        client_realm: from.text("realm")?,
        profile: from.text("profile")?,
        parties: Parties {
            role,
            called: from.text_or_none("called")?,
            requested: from.text_or_none("requested")?,
            recipients: from.texts("recipients")?,
        },
        place: if flags & PLACE == 0 { Place::default() } else { take_place(&mut from)? },
        emergency: flags & EMERGENCY != 0,
        opened,
        touched,
        quotas: list(&mut from, take_quota)?,
        answers: list(&mut from, take_answer)?,
        seen: list(&mut from, take_seen)?,
    };
    from.finish()?;
    Ok(session)
}

/// Reads a list: its length, then as many.
pub(crate) fn list<T>(
    from: &mut Reader<'_>,
    one: impl Fn(&mut Reader<'_>) -> Result<T, RecordError>,
) -> Result<Vec<T>, RecordError> {
    let length = from.length()?;
    (0..length).map(|_| one(from)).collect()
}

fn put_quota(to: &mut Writer, quota: &Quota) {
    to.quota_key(&quota.key);
    to.count(quota.used);
    to.length(quota.rated.len());
    for Rated { rate, units, charged } in &quota.rated {
        to.u64(rate.version);
        to.u16(rate.plan);
        to.u16(rate.rate);
        to.u16(rate.destination);
        to.count(*units);
        to.money(*charged);
    }
    let held = quota.reservation.as_ref();
    let last = held.is_some_and(|held| held.final_unit);
    let change = held.and_then(|held| held.change);
    let after = change.and_then(|(_, after)| after);
    let pool = held.and_then(|held| held.pool);
    let bonus = held.map_or(&[][..], |held| &held.bonus);
    let in_bands = quota.rated.iter().any(|line| line.rate.band != NO_BAND);
    let more = flag(pool.is_some(), POOL)
        | flag(!quota.armed.is_empty(), ARMED)
        | flag(quota.refused, REFUSED)
        | flag(quota.since.is_some(), SINCE)
        | flag(in_bands, BANDS)
        | flag(!bonus.is_empty(), BONUS)
        | flag(quota.tally.is_some(), TALLY);
    to.u8(flag(held.is_some(), RESERVATION)
        | flag(quota.lapsed, LAPSED)
        | flag(last, FINAL)
        | flag(quota.limited, LIMITED)
        | flag(quota.pace.is_some(), PACE)
        | flag(change.is_some(), CHANGE)
        | flag(after.is_some(), AFTER)
        | flag(more != 0, MORE));
    if let Some(Reservation { granted, money, allowances, expires, .. }) = held {
        to.amount(*granted);
        to.money(*money);
        to.time(*expires);
        put_allowances(to, allowances);
    }
    if let Some((at, _)) = change {
        to.time(at);
    }
    if let Some(after) = after {
        to.count(after);
    }
    if let Some(Pace { at, per_sec, units }) = quota.pace {
        to.time(at);
        to.count(per_sec);
        to.count(units);
    }
    if more != 0 {
        to.u8(more);
    }
    if let Some(pool) = pool {
        to.u32(pool);
    }
    if !quota.armed.is_empty() {
        let bits = bits().filter(|(_, condition)| quota.armed.contains(condition));
        to.u8(bits.fold(0, |bits, (bit, _)| bits | bit));
    }
    if let Some(since) = quota.since {
        to.time(since);
    }
    if in_bands {
        quota.rated.iter().for_each(|line| to.u16(line.rate.band));
    }
    if !bonus.is_empty() {
        to.length(bonus.len());
        for HeldBonus { id, money } in bonus {
            to.count(*id);
            to.money(*money);
        }
    }
    if let Some(tally) = &quota.tally {
        cdr::put_tally(to, tally);
    }
}

/// Each condition with its bit.
fn bits() -> impl Iterator<Item = (u8, Condition)> {
    (0u32..).zip(CONDITIONS).map(|(place, condition)| (1u8.checked_shl(place).unwrap_or(0), condition))
}

/// Writes units of bundles.
pub(crate) fn put_allowances(to: &mut Writer, allowances: &[HeldAllowance]) {
    to.length(allowances.len());
    for HeldAllowance { bundle, expires, units } in allowances {
        to.text(bundle);
        to.time_or_none(*expires);
        to.count(*units);
    }
}

/// Reads units of bundles.
pub(crate) fn take_allowances(from: &mut Reader<'_>) -> Result<Vec<HeldAllowance>, RecordError> {
    list(from, |from| {
        Ok(HeldAllowance {
            bundle: from.text("bundle")?,
            expires: from.time_or_none("expires")?,
            units: from.count()?,
        })
    })
}

fn take_place(from: &mut Reader<'_>) -> Result<Place, RecordError> {
    let serving_plmn = from.digits_or_none("network")?;
    let radio = match from.u16()? {
        NO_RADIO => None,
        radio => Some(u8::try_from(radio).map_err(|_| RecordError::Field("radio"))?),
    };
    if serving_plmn.is_none() && radio.is_none() {
        return Err(RecordError::Field("place"));
    }
    Ok(Place { serving_plmn, radio })
}

fn take_quota(from: &mut Reader<'_>) -> Result<Quota, RecordError> {
    let (key, used) = (from.quota_key()?, from.count()?);
    let mut rated = list(from, |from| {
        let version = from.u64()?;
        let (plan, rate, destination) = (from.u16()?, from.u16()?, from.u16()?);
        let rate = RateKey { version, plan, rate, destination, band: NO_BAND };
        Ok(Rated { rate, units: from.count()?, charged: from.money()? })
    })?;
    let flags = from.flags(RESERVATION | LAPSED | FINAL | LIMITED | PACE | CHANGE | AFTER | MORE)?;
    let has = |bit| flags & bit != 0;
    if (!has(RESERVATION) && flags & (FINAL | CHANGE) != 0) || (has(AFTER) && !has(CHANGE)) {
        return Err(RecordError::Field("reservation"));
    }
    let mut reservation = if has(RESERVATION) { Some(take_reservation(from, has(FINAL))?) } else { None };
    if has(CHANGE) {
        let change = (from.time()?, if has(AFTER) { Some(from.count()?) } else { None });
        if let Some(held) = &mut reservation {
            held.change = Some(change);
        }
    }
    let pace = if has(PACE) {
        Some(Pace { at: from.time()?, per_sec: from.count()?, units: from.count()? })
    } else {
        None
    };
    let more =
        if has(MORE) { from.flags(POOL | ARMED | REFUSED | SINCE | BANDS | BONUS | TALLY)? } else { 0 };
    if has(MORE) && more == 0 {
        return Err(RecordError::Field("more"));
    }
    if more & POOL != 0 {
        reservation.as_mut().ok_or(RecordError::Field("pool"))?.pool = Some(from.u32()?);
    }
    let armed = if more & ARMED == 0 { 0 } else { from.u8()? };
    if more & ARMED != 0 && armed == 0 {
        return Err(RecordError::Field("armed"));
    }
    let armed = bits().filter(|(bit, _)| armed & bit != 0).map(|(_, condition)| condition).collect();
    let since = if more & SINCE != 0 { Some(from.time()?) } else { None };
    if more & BANDS != 0 {
        for line in &mut rated {
            line.rate.band = from.u16()?;
        }
        if rated.iter().all(|line| line.rate.band == NO_BAND) {
            return Err(RecordError::Field("bands"));
        }
    }
    if more & BONUS != 0 {
        let held = reservation.as_mut().ok_or(RecordError::Field("bonus"))?;
        held.bonus = list(from, |from| Ok(HeldBonus { id: from.count()?, money: from.money()? }))?;
        if held.bonus.is_empty() {
            return Err(RecordError::Field("bonus"));
        }
    }
    let tally = if more & TALLY == 0 { None } else { Some(Box::new(cdr::take_tally(from)?)) };
    Ok(Quota {
        key,
        used,
        rated,
        reservation,
        lapsed: has(LAPSED),
        limited: has(LIMITED),
        refused: more & REFUSED != 0,
        since,
        pace,
        armed,
        tally,
    })
}

fn take_reservation(from: &mut Reader<'_>, final_unit: bool) -> Result<Reservation, RecordError> {
    let (granted, money, expires) = (from.amount()?, from.money()?, from.time()?);
    let allowances = take_allowances(from)?;
    let bonus = Vec::new();
    Ok(Reservation { granted, money, bonus, allowances, expires, final_unit, change: None, pool: None })
}

fn take_answer(from: &mut Reader<'_>) -> Result<StoredAnswer, RecordError> {
    let (kind, number, digest) = (take_kind(from)?, from.u32()?, from.u64()?);
    Ok(StoredAnswer { kind, number, digest, answer: answer::take(from)? })
}

fn take_seen(from: &mut Reader<'_>) -> Result<SeenRange, RecordError> {
    Ok(SeenRange { kind: take_kind(from)?, first: from.u32()?, last: from.u32()? })
}

/// Writes the kind of a request: 1 initial, 2 update, 3 terminate, 4 debit, 5 refund, 6 balance, 7 price.
pub(crate) fn put_kind(to: &mut Writer, kind: Kind) {
    to.u8(match kind {
        Kind::Initial => 1,
        Kind::Update => 2,
        Kind::Terminate => 3,
        Kind::Event(Action::Debit) => 4,
        Kind::Event(Action::Refund) => 5,
        Kind::Event(Action::CheckBalance) => 6,
        Kind::Event(Action::PriceEnquiry) => 7,
    });
}

/// Reads the kind of a request.
pub(crate) fn take_kind(from: &mut Reader<'_>) -> Result<Kind, RecordError> {
    Ok(match from.u8()? {
        1 => Kind::Initial,
        2 => Kind::Update,
        3 => Kind::Terminate,
        4 => Kind::Event(Action::Debit),
        5 => Kind::Event(Action::Refund),
        6 => Kind::Event(Action::CheckBalance),
        7 => Kind::Event(Action::PriceEnquiry),
        _ => return Err(RecordError::Field("kind")),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::answer::tests as answers;
    use super::super::codec::tests::{amount, damaged, money, number, quota_key, session_id, text, time};
    use super::*;
    use crate::charging::request::{QuotaKey, SessionId};
    use crate::charging::units::{Amount, Digits, Money, Unit};
    use crate::time::Timestamp;
    use proptest::prelude::*;

    pub(crate) fn sample() -> Session {
        Session {
            id: SessionId::new("pgw;1;2").unwrap(),
            account: AccountId(7),
            msisdn: Digits::parse("77010000001").unwrap(),
            service: "data".into(),
            incarnation: 1,
            state: SessionState::Ended(Timestamp::from_micros(3)),
            client_host: "h".into(),
            client_realm: "r".into(),
            profile: "p".into(),
            parties: Parties { role: Role::Forwarding, called: Some("112".into()), ..Parties::default() },
            place: Place::default(),
            emergency: false,
            opened: Timestamp::from_micros(1),
            touched: Timestamp::from_micros(2),
            quotas: vec![Quota {
                key: QuotaKey { rating_group: Some(10), services: vec![] },
                used: 300,
                rated: vec![Rated {
                    rate: RateKey { version: 4, plan: 1, rate: 2, destination: 0xffff, band: NO_BAND },
                    units: 300,
                    charged: Money::from_micros(10_000),
                }],
                reservation: Some(Reservation {
                    granted: Amount::new(Unit::Octets, 5),
                    money: Money::from_micros(20_000),
                    bonus: Vec::new(),
                    allowances: vec![HeldAllowance { bundle: "b".into(), expires: None, units: 6 }],
                    expires: Timestamp::from_micros(9),
                    final_unit: true,
                    change: None,
                    pool: None,
                }),
                lapsed: false,
                limited: false,
                since: None,
                refused: false,
                pace: None,
                armed: Vec::new(),
                tally: None,
            }],
            answers: vec![StoredAnswer {
                kind: Kind::Update,
                number: 1,
                digest: 8,
                answer: answers::sample(),
            }],
            seen: vec![SeenRange { kind: Kind::Initial, first: 0, last: 0 }],
        }
    }

    #[test]
    fn the_layout_is_what_it_was() {
        let octets = encode(&sample());
        assert_eq!(
            super::super::hex(&octets),
            "010907000000000000001b0000000177000001010000000000000002000000000000000300000000000000\
             077067773b313b32046461746101680172017004313132000001010a000000ac0201040000000000000001000200\
             ffffac021027000000000000050005204e000000000000090000000000000001016200060102010000000800000000000000\
             010000027802010a00000000170080808019100e0000ac02000114000000080001010000000000000000"
        );
        assert_eq!(decode(&octets), Ok(sample()));
    }

    #[test]
    fn what_few_sessions_have_stands_behind_what_all_have() {
        let mut session = sample();
        session.place = Place { serving_plmn: Digits::parse("40102"), radio: Some(6) };
        if let [quota] = session.quotas.as_mut_slice() {
            quota.limited = true;
            quota.since = Some(Timestamp::from_micros(8));
            quota.rated.iter_mut().for_each(|line| line.rate.band = 3);
            quota.pace = Some(Pace { at: Timestamp::from_micros(5), per_sec: 300, units: 9 });
            quota
                .reservation
                .iter_mut()
                .for_each(|held| held.change = Some((Timestamp::from_micros(6), Some(7))));
            quota.reservation.iter_mut().for_each(|held| held.pool = Some(3));
            let bonus = HeldBonus { id: 5, money: Money::from_micros(6) };
            quota.reservation.iter_mut().for_each(|held| held.bonus = vec![bonus]);
            quota.armed = vec![Condition::Radio, Condition::Network];
            quota.refused = true;
        }
        let octets = encode(&session);
        let (sum, plain) = (super::super::hex(&octets), super::super::hex(&encode(&sample())));
        assert_eq!(sum.len(), plain.len() + 2 * (8 + 2 + 8 + 1 + 8 + 2 + 1 + 1 + 4 + 1 + 8 + 2 + 10));
        assert!(
            sum.contains(
                "0600000000000000070500000000000000ac02093f03000000030800000000000000030001050600000000000000"
            ),
            "{sum}"
        );
        assert_eq!(decode(&octets), Ok(session));
        damaged(&octets, decode);
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), decode);
    }

    #[test]
    fn a_key_is_sixteen_octets() {
        assert_eq!(hash(&key([7; 16])), Ok([7; 16]));
        assert_eq!(hash(&Key::from_u64(7)), Err(RecordError::Field("key")));
    }

    pub(crate) fn kinds() -> impl Strategy<Value = Kind> {
        (1u8..=7).prop_map(|octet| take_kind(&mut Reader::new(&[1, octet], 1).unwrap()).unwrap())
    }

    prop_compose! {
        fn reservations()(granted in amount(), money in money(), expires in time(), final_unit: bool,
            held in proptest::collection::vec((text(), proptest::option::of(time()), any::<u64>()), 0..3),
            bonus in proptest::collection::vec((any::<u64>(), money()), 0..3)) -> Reservation
        {
            let bonus = bonus.into_iter().map(|(id, money)| HeldBonus { id, money }).collect();
            let allowances =
                held.into_iter().map(|(bundle, expires, units)| HeldAllowance { bundle, expires, units }).collect();
            Reservation { granted, money, bonus, allowances, expires, final_unit, change: None, pool: None }
        }
    }

    prop_compose! {
        fn quotas()(key in quota_key(), used: u64, rated in proptest::collection::vec((any::<(u64, u16, u16, u16, u16, u64)>(), money()), 0..3), since in proptest::option::of(time()),
            reservation in proptest::option::of(reservations()), lapsed: bool, refused: bool,
            tally in proptest::option::of(cdr::tests::tally())) -> Quota
        {
            let rated = rated.into_iter().map(|((version, plan, rate, destination, band, units), charged)| Rated {
                rate: RateKey { version, plan, rate, destination, band }, units, charged,
            }).collect();
            Quota { key, used, rated, reservation, lapsed, limited: false, refused, since, pace: None, armed: Vec::new(), tally: tally.map(Box::new) }
        }
    }

    prop_compose! {
        fn stored()(kind in kinds(), number: u32, digest: u64, answer in answers::answers()) -> StoredAnswer {
            StoredAnswer { kind, number, digest, answer }
        }
    }

    prop_compose! {
        fn sessions()(
            id in session_id(), account: u64, msisdn in number(), incarnation: u32, flags: [bool; 2], role in 0..3,
            times in proptest::array::uniform3(time()), texts in proptest::array::uniform4(text()),
            called in proptest::option::of(text()), requested in proptest::option::of(text()),
            recipients in proptest::collection::vec(text(), 0..3),
            quotas in proptest::collection::vec(quotas(), 0..4),
            answers in proptest::collection::vec(stored(), 0..3),
            seen in proptest::collection::vec((kinds(), any::<u32>(), any::<u32>()), 0..4),
        ) -> Session {
            let [service, client_host, client_realm, profile] = texts;
            let [opened, touched, ended] = times;
            let role = [Role::Originating, Role::Terminating, Role::Forwarding][usize::try_from(role).unwrap()];
            Session {
                id, account: AccountId(account), msisdn, service, incarnation,
                state: if flags[0] { SessionState::Ended(ended) } else { SessionState::Open },
                client_host, client_realm, profile,
                parties: Parties { role, called, requested, recipients },
                place: Place::default(),
                emergency: flags[1], opened, touched, quotas, answers,
                seen: seen.into_iter().map(|(kind, first, last)| SeenRange { kind, first, last }).collect(),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(session in sessions()) {
            prop_assert_eq!(decode(&encode(&session)), Ok(session));
        }
    }
}
