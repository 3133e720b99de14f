//! The emergency desk: what was granted from the request alone (`FREE-2`), to be written behind the answer, and known
//! again when the session goes on or the server is started again.

use std::collections::{HashMap, VecDeque};

use core::time::Duration;

use crate::charging::emergency::EmergencyRecord;
use crate::charging::request::{Identity, Request};
use crate::time::Timestamp;

use super::hash::{AsIs, HashKey, SessionKey};

/// The most characters of a called address that are kept.
const CALLED_CHARS: usize = 64;

#[derive(Debug)]
struct Noted {
    key: SessionKey,
    record: EmergencyRecord,
    dirty: bool,
}

/// Emergency sessions and events that are remembered.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    noted: HashMap<u64, Noted, AsIs>,
    /// Oldest first.
    order: VecDeque<u64>,
    /// To be written.
    dirty: VecDeque<u64>,
    /// Not yet in their subscriber's count.
    uncounted: VecDeque<SessionKey>,
}

impl Desk {
    /// Whether a session went to an emergency number.
    pub(crate) fn knows(&self, key: SessionKey) -> bool {
        !self.noted.is_empty() && self.noted.get(&key.short()).is_some_and(|noted| noted.key == key)
    }

    /// Notes a request that was granted.
    pub(crate) fn note(&mut self, key: SessionKey, request: &Request, now: Timestamp) {
        if let Some(noted) = self.noted.get_mut(&key.short()) {
            noted.record.touched = now;
            noted.record.answers = noted.record.answers.saturating_add(1);
            if !std::mem::replace(&mut noted.dirty, true) {
                self.dirty.push_back(key.short());
            }
            return;
        }
        self.insert(key, record_of(request, now), true);
    }

    /// Enters what was kept elsewhere while there was no store. What is known already changes nothing.
    pub(crate) fn enter(&mut self, key: SessionKey, record: EmergencyRecord) {
        if !self.noted.contains_key(&key.short()) {
            self.insert(key, EmergencyRecord { counted: false, ..record }, true);
        }
    }

    /// What the scan has found in the store.
    pub(crate) fn scanned(&mut self, key: SessionKey, record: EmergencyRecord) {
        match self.noted.get_mut(&key.short()) {
            Some(noted) => {
                noted.record.first = noted.record.first.min(record.first);
                noted.record.counted |= record.counted;
            }
            None => self.insert(key, record, false),
        }
    }

    fn insert(&mut self, key: SessionKey, record: EmergencyRecord, dirty: bool) {
        let short = key.short();
        if !record.counted {
            self.uncounted.push_back(key);
        }
        if dirty {
            self.dirty.push_back(short);
        }
        self.order.push_back(short);
        self.noted.insert(short, Noted { key, record, dirty });
    }

    /// The store has another hash key: all is entered anew under it.
    pub(crate) fn rekey(&mut self, hash_key: HashKey) {
        let Self { mut noted, order, .. } = std::mem::take(self);
        for short in order {
            if let Some(Noted { record, .. }) = noted.remove(&short) {
                self.insert(SessionKey::of(hash_key, &record.session), record, true);
            }
        }
    }

    /// Whether something is to be written.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The next one to be written.
    pub(crate) fn hand_out(&mut self) -> Option<(SessionKey, &EmergencyRecord)> {
        while let Some(short) = self.dirty.pop_front() {
            if self.noted.get(&short).is_some_and(|noted| noted.dirty) {
                let noted = self.noted.get_mut(&short)?;
                noted.dirty = false;
                return Some((noted.key, &noted.record));
            }
        }
        None
    }

    /// All is to be written again: what was handed out may be lost.
    pub(crate) fn write_all_again(&mut self, since: Timestamp) {
        for (short, noted) in &mut self.noted {
            if noted.record.touched >= since && !std::mem::replace(&mut noted.dirty, true) {
                self.dirty.push_back(*short);
            }
        }
    }

    /// One that its subscriber's count does not have yet.
    pub(crate) fn next_uncounted(&mut self) -> Option<SessionKey> {
        self.uncounted.pop_front()
    }

    /// Whether some are not counted yet.
    pub(crate) fn has_uncounted(&self) -> bool {
        !self.uncounted.is_empty()
    }

    /// What is known of a session, where it is not counted yet.
    pub(crate) fn uncounted(&self, key: SessionKey) -> Option<&EmergencyRecord> {
        let noted = self.noted.get(&key.short())?;
        (noted.key == key && !noted.record.counted).then_some(&noted.record)
    }

    /// Its subscriber's count has it, or it has no subscriber.
    pub(crate) fn set_counted(&mut self, key: SessionKey) {
        if let Some(noted) = self.noted.get_mut(&key.short()) {
            noted.record.counted = true;
            if !std::mem::replace(&mut noted.dirty, true) {
                self.dirty.push_back(key.short());
            }
        }
    }

    /// Forgets the oldest where it was silent for the horizon, or too many are remembered.
    pub(crate) fn forget_oldest(
        &mut self,
        now: Timestamp,
        horizon: Duration,
        most: usize,
    ) -> Option<SessionKey> {
        let short = *self.order.front()?;
        let over = self.noted.len() > most;
        let silent = self.noted.get(&short).is_none_or(|noted| now.since(noted.record.touched) >= horizon);
        if !over && !silent {
            return None;
        }
        self.order.pop_front();
        self.noted.remove(&short).map(|noted| noted.key)
    }
}

fn record_of(request: &Request, now: Timestamp) -> EmergencyRecord {
    let parties = &request.parties;
    let called = parties.called.as_deref().or(parties.requested.as_deref());
    let called = called.or(parties.recipients.first().map(|recipient| &**recipient)).unwrap_or_default();
    let first = |of: fn(&Identity) -> Option<_>| request.identities.iter().find_map(of);
    EmergencyRecord {
        session: request.session.clone(),
        msisdn: first(|identity| match identity {
            Identity::E164(digits) => Some(*digits),
            Identity::Imsi(_) | Identity::Other(_) => None,
        }),
        imsi: first(|identity| match identity {
            Identity::Imsi(digits) => Some(*digits),
            Identity::E164(_) | Identity::Other(_) => None,
        }),
        called: called.chars().take(CALLED_CHARS).collect::<String>().into_boxed_str(),
        first: now,
        touched: now,
        answers: 1,
        counted: false,
    }
}
