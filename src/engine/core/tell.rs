//! What subscribers are told, and charging data records: gathered with the batch of the change that causes them.

use crate::charging::account::Subscriber;
use crate::charging::cdr::{Cdr, Closing};
use crate::charging::emergency::EmergencyRecord;
use crate::charging::notice::{Cause, Notice};
use crate::charging::request::{Parties, Place, QuotaKey};
use crate::time::Timestamp;

use super::Core;

impl Core {
    /// A subscriber is told of something, once: to be called where the change that causes it is written. Nothing is
    /// gathered where nobody takes it.
    pub(super) fn tell(&mut self, subscriber: &Subscriber, cause: Cause, now: Timestamp) {
        if self.policy.notices.on {
            self.tell_all(vec![Notice::new(subscriber, cause, now)], now);
        }
    }

    pub(super) fn tell_all(&mut self, notices: Vec<Notice>, now: Timestamp) {
        if notices.is_empty() {
            return;
        }
        let octets = notices.iter().map(Notice::octets).fold(0, usize::saturating_add);
        self.facts.notices = self.facts.notices.saturating_add(u64::try_from(notices.len()).unwrap_or(0));
        self.commit.open.touch(now, octets);
        self.commit.open.notices.extend(notices);
    }

    /// Charging data records that are closed by what is written.
    pub(super) fn record_all(&mut self, cdrs: Vec<Cdr>, now: Timestamp) {
        if cdrs.is_empty() {
            return;
        }
        let octets = cdrs.iter().map(Cdr::octets).fold(0, usize::saturating_add);
        self.facts.cdrs = self.facts.cdrs.saturating_add(u64::try_from(cdrs.len()).unwrap_or(0));
        self.commit.open.touch(now, octets);
        self.commit.open.cdrs.extend(cdrs);
    }

    /// An emergency has its record, once: a report that it was, with what was called (`FREE-4`). What it used is not
    /// charged and not counted.
    pub(super) fn record_emergency(
        &mut self,
        emergency: &EmergencyRecord,
        subscriber: Option<&Subscriber>,
        now: Timestamp,
    ) {
        if !self.policy.cdr.on {
            return;
        }
        let EmergencyRecord { session, msisdn, imsi, called, first, .. } = emergency;
        let parties = Parties { called: Some(called.clone()), ..Parties::default() };
        let cdr = Cdr {
            account: None,
            msisdn: subscriber.map(|subscriber| subscriber.msisdn).or(*msisdn),
            imsi: subscriber.and_then(|subscriber| subscriber.imsi).or(*imsi),
            service: "".into(),
            session: session.clone(),
            incarnation: 0,
            key: QuotaKey::default(),
            part: 1,
            closing: Closing::Emergency,
            opened: *first,
            closed: now,
            span: None,
            parties,
            place: Place::default(),
            client: "".into(),
            late: false,
            above_grant: 0,
            lines: Vec::new(),
        };
        self.record_all(vec![cdr], now);
    }
}
