//! Loads and scans, answered from the store's state half.

use crate::charging::account::credit::{Allocation, Invoice};
use crate::charging::account::life::ActEntry;
use crate::charging::account::{Account, AccountId, Sequence};
use crate::charging::books::due::Entry;
use crate::charging::books::expiry::next_due;
use crate::charging::emergency::EmergencyRecord;
use crate::charging::ledger::LedgerEntry;
use crate::charging::policy::Policy;
use crate::charging::session::Session;
use crate::charging::units::Digits;
use crate::engine::core::SessionSummary;
use crate::engine::core::command::OperationKey;
use crate::engine::core::hash::{HashKey, SessionKey};
use crate::engine::core::load::{Found, Load, Loaded, Scanned};
use crate::engine::core::sink::{EventBucket, Recovered, TariffRecord};
use crate::store::record::{
    RecordError, account, act, area, calendar, emergency, event, index, invoice, ledger, operation, session,
    subscriber, tariff,
};
use crate::store::{self, Class, Key, State, StoreError};
use crate::time::Timestamp;

use super::encode::{operation_from_store, paper_from_store, paper_place, reference_from_store};

/// How many records a scan reads at a time.
const SCAN_STEP: usize = 512;

/// The most frames that one page of a ledger is followed through: an account with its entries far apart costs a frame
/// for each.
const LEDGER_FRAMES: usize = 4_096;

/// Carries out a load. What could not be read comes back as [`Found::Failed`], with the reason beside it.
pub(super) fn answer(state: &mut dyn State, load: Load) -> (Loaded, Option<StoreError>) {
    match find(state, load) {
        Ok(found) => (Loaded { load, found }, None),
        Err(error) => (Loaded { load, found: Found::Failed }, Some(error)),
    }
}

fn find(state: &mut dyn State, load: Load) -> Result<Found, StoreError> {
    Ok(match load {
        Load::Account(id) => Found::Account(account_of(state, id)?),
        Load::Subscriber(msisdn) => {
            let key = subscriber::key(msisdn);
            let found = one(state, subscriber::CLASS, &key, |octets| subscriber::decode(&key, octets))?;
            Found::Subscriber(found.map(Box::new))
        }
        Load::Imsi(imsi) => {
            Found::Imsi(one(state, index::IMSI_CLASS, &index::imsi_key(imsi), index::decode_imsi)?)
        }
        Load::Session(key) => {
            let found = one(state, session::CLASS, &session::key(key.0), session::decode)?;
            Found::Session(found.map(Box::new))
        }
        Load::SessionsNear(short) => Found::Sessions(sessions_near(state, short)?),
        Load::Events(sequence) => Found::Events(events_of(state, sequence)?),
        Load::Operation(key) => {
            let found = one(state, operation::CLASS, &operation::key(key.0), operation::decode)?;
            Found::Operation(found.map(operation_from_store))
        }
        Load::Operations { after, limit } => Found::Operations(operations(state, after, limit)?),
        Load::Reference(key) => {
            let key = operation::key(key);
            let found = one(state, operation::REFERENCE_CLASS, &key, operation::decode_reference)?;
            Found::Reference(found.map(reference_from_store))
        }
        Load::Paper(paper) => {
            let (class, key) = paper_place(paper);
            Found::Paper(one(state, class, &key, |octets| paper_from_store(paper, octets))?)
        }
        Load::Subscribers { after, limit } => subscribers(state, after, limit)?,
        Load::Ledger { account, head, below, limit } => {
            Found::Ledger(ledger_of(state, account, head, below, limit)?)
        }
        Load::Calendar { after, until, limit } => Found::Calendar(calendar_of(state, after, until, limit)?),
        Load::Invoices { after, account, limit } => {
            Found::Invoices(invoices_of(state, after, account, limit)?)
        }
        Load::Acts { msisdn, head, limit } => Found::Acts(acts_of(state, msisdn, head, limit)?),
    })
}

fn one<T>(
    state: &mut dyn State,
    class: Class,
    key: &Key,
    decode: impl FnOnce(&[u8]) -> Result<T, RecordError>,
) -> Result<Option<T>, StoreError> {
    let Some(found) = state.load(class, key)? else { return Ok(None) };
    decode(&found.value).map(Some).map_err(StoreError::record(class, *key))
}

fn account_of(state: &mut dyn State, id: AccountId) -> Result<Option<Account>, StoreError> {
    let key = account::key(id);
    one(state, account::CLASS, &key, |octets| account::decode(&key, octets))
}

fn sessions_near(state: &mut dyn State, short: u64) -> Result<Vec<(SessionKey, Session)>, StoreError> {
    const MOST: usize = 8;
    let found = state.scan(session::CLASS, &Key::from_u64(short), MOST)?;
    let mut sessions = Vec::with_capacity(1);
    for (key, found) in found {
        let fault = |error| StoreError::Record { class: session::CLASS, key, error };
        let hash = SessionKey(session::hash(&key).map_err(fault)?);
        if hash.short() != short {
            break;
        }
        sessions.push((hash, session::decode(&found.value).map_err(fault)?));
    }
    Ok(sessions)
}

fn events_of(
    state: &mut dyn State,
    sequence: Sequence,
) -> Result<Vec<crate::charging::snapshot::EventRecord>, StoreError> {
    let records = state.read_frame(store::Sequence::new(sequence.0))?;
    let events = records.into_iter().filter(|record| record.class == event::CLASS);
    events
        .filter_map(|record| Some((record.key, record.value?)))
        .map(|(key, octets)| event::decode(&octets).map_err(StoreError::record(event::CLASS, key)))
        .collect()
}

fn subscribers(state: &mut dyn State, after: Option<Digits>, limit: u16) -> Result<Found, StoreError> {
    let from = after.and_then(|after| subscriber::key(after).next()).unwrap_or(Key::EMPTY);
    let mut page = Vec::with_capacity(usize::from(limit));
    for (key, found) in state.scan(subscriber::CLASS, &from, usize::from(limit))? {
        let subscriber = subscriber::decode(&key, &found.value);
        let subscriber = subscriber.map_err(StoreError::record(subscriber::CLASS, key))?;
        let account = account_of(state, subscriber.account)?;
        page.push((subscriber, account));
    }
    Ok(Found::Subscribers(page))
}

/// Follows an account's chain back from `head`. Fewer entries than asked for mean that the chain, or the archive it
/// leads into, ends there.
fn ledger_of(
    state: &mut dyn State,
    account: AccountId,
    head: Sequence,
    below: u64,
    limit: u16,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let limit = usize::from(limit);
    let mut entries: Vec<LedgerEntry> = Vec::with_capacity(limit);
    let mut at = Some(head);
    let mut below = below;
    for _ in 0..LEDGER_FRAMES {
        let Some(sequence) = at.filter(|_| entries.len() < limit) else { break };
        let records = match state.read_frame(store::Sequence::new(sequence.0)) {
            Ok(records) => records,
            Err(StoreError::NoSuchFrame { .. }) => break,
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for record in records.into_iter().filter(|record| record.class == ledger::CLASS) {
            let fault = |error| StoreError::Record { class: ledger::CLASS, key: record.key, error };
            let (owner, place) = ledger::place(&record.key).map_err(fault)?;
            if let Some(octets) = record.value.filter(|_| owner == account && place < below) {
                found.push(ledger::decode(&record.key, &octets).map_err(fault)?);
            }
        }
        found.sort_unstable_by_key(|entry| core::cmp::Reverse(entry.index));
        at = found.last().and_then(|entry| entry.previous).filter(|previous| *previous < sequence);
        below = found.last().map_or(below, |entry| entry.index);
        let room = limit.saturating_sub(entries.len());
        entries.extend(found.into_iter().take(room));
    }
    Ok(entries)
}

/// What is due up to a time, in its order.
fn calendar_of(
    state: &mut dyn State,
    after: Option<Entry>,
    until: Timestamp,
    limit: u16,
) -> Result<Vec<Entry>, StoreError> {
    let from = after.and_then(|(at, whose)| calendar::key(at, whose).next()).unwrap_or(Key::EMPTY);
    let mut page = Vec::new();
    for (key, found) in state.scan(calendar::CLASS, &from, usize::from(limit))? {
        let entry = calendar::decode(&key, &found.value).map_err(StoreError::record(calendar::CLASS, key))?;
        if entry.0 > until {
            break;
        }
        page.push(entry);
    }
    Ok(page)
}

/// Invoices with what was paid for each.
fn invoices_of(
    state: &mut dyn State,
    after: Option<(AccountId, u32)>,
    account: Option<AccountId>,
    limit: u16,
) -> Result<Vec<(Invoice, Vec<Allocation>)>, StoreError> {
    let first = account.map(|account| invoice::key(account, 0, 0));
    let behind = after.map(|(account, number)| invoice::key(account, number, u32::MAX));
    let mut from = behind.and_then(|key| key.next()).max(first).unwrap_or(Key::EMPTY);
    let mut page: Vec<(Invoice, Vec<Allocation>)> = Vec::new();
    loop {
        let found = state.scan(invoice::CLASS, &from, SCAN_STEP)?;
        let more = found.len() >= SCAN_STEP;
        let next = found.last().and_then(|(key, _)| key.next());
        for (key, found) in found {
            let fault = |error| StoreError::Record { class: invoice::CLASS, key, error };
            let (owner, _, place) = invoice::place(&key).map_err(fault)?;
            if account.is_some_and(|account| account != owner) {
                return Ok(page);
            }
            if place == 0 {
                if page.len() >= usize::from(limit) {
                    return Ok(page);
                }
                page.push((invoice::decode(&key, &found.value).map_err(fault)?, Vec::new()));
            } else if let Some((_, paid)) = page.last_mut() {
                paid.push(invoice::decode_allocation(&key, &found.value).map_err(fault)?);
            }
        }
        match next.filter(|_| more) {
            Some(next) => from = next,
            None => return Ok(page),
        }
    }
}

/// Follows the chain of a number's acts back from `head`.
fn acts_of(
    state: &mut dyn State,
    msisdn: Digits,
    head: Sequence,
    limit: u16,
) -> Result<Vec<ActEntry>, StoreError> {
    let limit = usize::from(limit);
    let mut acts: Vec<ActEntry> = Vec::new();
    let mut at = Some(head);
    while let Some(sequence) = at.filter(|_| acts.len() < limit) {
        let records = match state.read_frame(store::Sequence::new(sequence.0)) {
            Ok(records) => records,
            Err(StoreError::NoSuchFrame { .. }) => break,
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for record in records.into_iter().filter(|record| record.class == act::CLASS) {
            let fault = |error| StoreError::Record { class: act::CLASS, key: record.key, error };
            let (owner, _) = act::place(&record.key).map_err(fault)?;
            if let Some(octets) = record.value.filter(|_| owner == msisdn) {
                found.push(act::decode(&record.key, &octets).map_err(fault)?);
            }
        }
        found.sort_unstable_by_key(|act| core::cmp::Reverse(act.index));
        // Behind the first act on a holder's number may be those of the holder before, in one batch.
        let own = found
            .iter()
            .position(|act| act.previous.is_none())
            .map_or(found.len(), |at| at.saturating_add(1));
        found.truncate(own);
        at = found.last().and_then(|act| act.previous).filter(|previous| *previous < sequence);
        acts.extend(found);
    }
    acts.truncate(limit);
    Ok(acts)
}

/// Reads the facts of a store that was opened.
pub(super) fn recovered(state: &mut dyn State, last: Sequence) -> Result<Recovered, StoreError> {
    let mut recovered = Recovered { last, ..Recovered::default() };
    for name in index::Fact::NAMES {
        let key = index::fact_key(name);
        let fact = one(state, index::FACT_CLASS, &key, |octets| index::decode_fact(&key, octets))?;
        match fact {
            None => {}
            Some(index::Fact::Time(at)) => recovered.time = Some(at),
            Some(index::Fact::NextAccount(number)) => recovered.next_account = Some(number),
            Some(index::Fact::HashKey(octets)) => recovered.hash_key = Some(HashKey(octets)),
            Some(index::Fact::OriginState(number)) => recovered.origin_state = Some(number),
            Some(index::Fact::Catalogue(version)) => recovered.catalogue = Some(version),
            Some(index::Fact::Lifecycle(day)) => recovered.lifecycle = Some(day),
        }
    }
    recovered.areas = one(state, area::CLASS, &area::key(), area::decode)?.unwrap_or_default();
    Ok(recovered)
}

/// Keys of commands, and when they were carried out.
fn operations(
    state: &mut dyn State,
    after: Option<OperationKey>,
    limit: u16,
) -> Result<Vec<(OperationKey, Timestamp)>, StoreError> {
    let from = after.and_then(|after| operation::key(after.0).next()).unwrap_or(Key::EMPTY);
    let mut page = Vec::with_capacity(usize::from(limit));
    for (key, found) in state.scan(operation::CLASS, &from, usize::from(limit))? {
        let fault = |error| StoreError::Record { class: operation::CLASS, key, error };
        let at = operation::decode(&found.value).map_err(fault)?.at;
        let octets = key.as_octets().try_into().map_err(|_| fault(RecordError::Field("key")))?;
        page.push((OperationKey(octets), at));
    }
    Ok(page)
}

/// A version of the tariffs, whether its record is in the store, and its content where that is there.
pub(super) type KeptTariff = (TariffRecord, bool, Option<Vec<u8>>);

/// The versions of the tariffs that a store keeps, each with its content where that is there. Of a store from before
/// they were kept: the one that was in force last, from the beginning.
pub(super) fn tariffs(state: &mut dyn State, recovered: &Recovered) -> Result<Vec<KeptTariff>, StoreError> {
    const MOST: usize = 4_096;
    let mut records = Vec::new();
    for (key, found) in state.scan(tariff::CLASS, &Key::EMPTY, MOST)? {
        let read = tariff::decode(&key, &found.value);
        let tariff::Tariff { from, version, at, operator } =
            read.map_err(StoreError::record(tariff::CLASS, key))?;
        records.push(TariffRecord { from, version, at, operator });
    }
    let kept = !records.is_empty();
    if let (false, Some(version)) = (kept, recovered.catalogue) {
        let (from, at) = (Timestamp::EPOCH, recovered.time.unwrap_or(Timestamp::EPOCH));
        records.push(TariffRecord { from, version, at, operator: "files".into() });
    }
    let mut tariffs = Vec::with_capacity(records.len());
    for record in records {
        let found = state.load(index::CATALOGUE_CLASS, &index::catalogue_key(record.version))?;
        tariffs.push((record, kept, found.map(|found| found.value)));
    }
    Ok(tariffs)
}

/// What the store is read through for at start, in this order: emergencies, event keys, sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Emergencies,
    Buckets,
    Sessions,
}

/// Reads the store through, a step at a time.
#[derive(Debug)]
pub(super) struct Scan {
    part: Option<Part>,
    from: Key,
    policy: Policy,
}

impl Scan {
    pub(super) fn new(policy: Policy) -> Self {
        Self { part: Some(Part::Emergencies), from: Key::EMPTY, policy }
    }

    /// Whether there is nothing left to read.
    pub(super) fn is_done(&self) -> bool {
        self.part.is_none()
    }

    /// Reads the next piece. Records that cannot be read are left out, with the reason beside.
    pub(super) fn step(
        &mut self,
        state: &mut dyn State,
    ) -> Result<(Vec<Scanned>, Vec<StoreError>), StoreError> {
        let Some(part) = self.part else { return Ok((Vec::new(), Vec::new())) };
        let class = match part {
            Part::Emergencies => emergency::CLASS,
            Part::Buckets => event::BUCKET_CLASS,
            Part::Sessions => session::CLASS,
        };
        let found = state.scan(class, &self.from, SCAN_STEP)?;
        let next = found.last().and_then(|(key, _)| key.next()).filter(|_| found.len() >= SCAN_STEP);
        let mut faults = Vec::new();
        let piece = match part {
            Part::Emergencies => Scanned::Emergencies(each(found, class, &mut faults, emergency_of)),
            Part::Buckets => Scanned::Buckets(each(found, class, &mut faults, bucket_of)),
            Part::Sessions => {
                let policy = self.policy;
                let of = |key: &Key, octets: &[u8]| summary_of(key, octets, &policy);
                Scanned::Sessions(each(found, class, &mut faults, of))
            }
        };
        let mut pieces = vec![piece];
        self.from = next.unwrap_or(Key::EMPTY);
        if next.is_none() {
            let (following, done) = match part {
                Part::Emergencies => (Some(Part::Buckets), None),
                Part::Buckets => (Some(Part::Sessions), Some(Scanned::BucketsDone)),
                Part::Sessions => (None, Some(Scanned::SessionsDone)),
            };
            self.part = following;
            pieces.extend(done);
        }
        Ok((pieces, faults))
    }
}

fn each<T>(
    found: Vec<(Key, store::Loaded)>,
    class: Class,
    faults: &mut Vec<StoreError>,
    decode: impl Fn(&Key, &[u8]) -> Result<T, RecordError>,
) -> Vec<T> {
    let mut all = Vec::with_capacity(found.len());
    for (key, found) in found {
        match decode(&key, &found.value) {
            Ok(one) => all.push(one),
            Err(error) => faults.push(StoreError::Record { class, key, error }),
        }
    }
    all
}

fn emergency_of(key: &Key, octets: &[u8]) -> Result<(SessionKey, EmergencyRecord), RecordError> {
    let key = SessionKey(session::hash(key)?);
    Ok((key, emergency::decode(octets)?))
}

fn bucket_of(key: &Key, octets: &[u8]) -> Result<EventBucket, RecordError> {
    let event::Bucket { number, first, last, entries } = event::decode_bucket(key, octets)?;
    Ok(EventBucket { number, first, last, entries })
}

fn summary_of(key: &Key, octets: &[u8], policy: &Policy) -> Result<(SessionSummary, Box<str>), RecordError> {
    let key = SessionKey(session::hash(key)?);
    let session = session::decode(octets)?;
    let summary = SessionSummary::of(key, &session, next_due(&session, policy));
    Ok((summary, session.service))
}
