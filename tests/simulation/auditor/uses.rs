//! What was used: every charge is of something that a gateway has reported, once, in full, at the price that the price
//! lists say.

use std::collections::BTreeMap;

use gyro::charging::account::Sequence;
use gyro::charging::ledger::{Basis, ChargedUse, EntryKind, LedgerEntry};
use gyro::charging::request::QuotaKey;
use gyro::charging::units::Digits;
use gyro::time::Timestamp;

use super::{Auditor, Found, Rule, Sent, Touched, broken, cents, hold, kind_number};
use crate::prices::{Plan, nights};

/// A session or event, as its gateway has it.
pub(super) struct Dialogue {
    pub(super) msisdn: Digits,
    pub(super) service: &'static str,
    pub(super) called: Option<Box<str>>,
    pub(super) incoming: bool,
    pub(super) abroad: bool,
    pub(super) emergency: bool,
    pub(super) opened: Timestamp,
    pub(super) touched: Timestamp,
    /// The number that was sent last.
    pub(super) latest: (u8, u32),
    pub(super) reports: BTreeMap<(u8, u32), Report>,
    pub(super) counts: BTreeMap<QuotaKey, Vec<Count>>,
}

/// A request, and what it reports.
#[derive(Default)]
pub(super) struct Report {
    pub(super) used: BTreeMap<QuotaKey, u64>,
    counted: BTreeMap<QuotaKey, u64>,
    /// The batch that it was charged in.
    pub(super) batch: Option<u64>,
    /// The digest of its answer.
    pub(super) answer: Option<u64>,
}

impl Report {
    pub(super) fn has_use(&self) -> bool {
        self.used.values().any(|units| *units > 0)
    }

    pub(super) fn is_counted(&self) -> bool {
        self.used.iter().all(|(key, units)| self.counted.get(key).copied().unwrap_or(0) == *units)
    }
}

/// Units that money has paid by one rate, in one session.
#[derive(Clone, Debug)]
pub(super) struct Count {
    version: u64,
    plan: Box<str>,
    rate: usize,
    night: bool,
    pub(super) units: u64,
    /// Hundredths.
    pub(super) charged: i128,
}

/// Numbers that cost nothing, and those that are never refused.
const FREE: [&str; 2] = ["3030", "9090"];
const EMERGENCY: [&str; 5] = ["101", "102", "103", "104", "112"];
/// The rating group that costs nothing at home.
const FREE_GROUP: u32 = 20;

impl Dialogue {
    pub(super) fn is_free(&self, key: &QuotaKey) -> bool {
        let number = self.called.as_deref().is_some_and(|called| FREE.contains(&called));
        let incoming = self.incoming && !self.abroad;
        let group = key.rating_group == Some(FREE_GROUP) && self.service == "data" && !self.abroad;
        incoming || (number && !self.incoming) || group
    }

    /// Where a use of it stands in a plan, and whether bundles may pay.
    pub(super) fn rate_in(&self, plan: &Plan, fallback: bool) -> Option<usize> {
        let called = self.called.as_deref().filter(|_| !self.incoming);
        plan.rate(self.service, called, self.abroad, fallback)
    }

    /// Units so far by a rate, what was charged for them, and whether it is the first of its session.
    pub(super) fn count(&self, key: &QuotaKey, of: (u64, &str, usize, bool)) -> (u64, i128, bool) {
        let counts = self.counts.get(key);
        let known = counts.and_then(|counts| counts.iter().position(|count| count.is_of(of)));
        match (known, counts) {
            (Some(place), Some(counts)) => (counts[place].units, counts[place].charged, place == 0),
            (_, counts) => (0, 0, counts.is_none_or(Vec::is_empty)),
        }
    }
}

impl Count {
    fn is_of(&self, (version, plan, rate, night): (u64, &str, usize, bool)) -> bool {
        (self.version, &*self.plan, self.rate, self.night) == (version, plan, rate, night)
    }
}

impl Auditor {
    pub(super) fn note(&mut self, sent: &Sent<'_>) {
        let key = (kind_number(sent.kind), sent.number);
        let dialogue = self.dialogues.entry(sent.session.into()).or_insert_with(|| Dialogue {
            msisdn: sent.msisdn,
            service: sent.service,
            called: sent.called.map(Into::into),
            incoming: sent.incoming,
            abroad: sent.abroad,
            emergency: !sent.incoming && sent.called.is_some_and(|called| EMERGENCY.contains(&called)),
            opened: sent.at,
            touched: sent.at,
            latest: key,
            reports: BTreeMap::new(),
            counts: BTreeMap::new(),
        });
        dialogue.touched = dialogue.touched.max(sent.at);
        dialogue.latest = key;
        dialogue.reports.entry(key).or_insert_with(|| {
            let mut used = BTreeMap::new();
            for (key, units) in sent.used {
                *used.entry(key.clone()).or_insert(0) += units;
            }
            Report { used, ..Report::default() }
        });
    }

    /// A charge.
    pub(super) fn charge(
        &mut self,
        sequence: Sequence,
        entry: &LedgerEntry,
        usage: &ChargedUse,
        now: Timestamp,
        touched: &mut Touched,
    ) -> Found {
        self.tally.charges += 1;
        let session = usage.session.as_str();
        let name = || format!("{session} {} of {:?}", usage.request_number, entry.account);
        let said = matches!(entry.kind, EntryKind::Charge | EntryKind::Late) && entry.amount.micros() <= 0;
        hold(said, Rule::Invented, || format!("{} of use: {entry:?}", name()))?;
        let Some(basis) = usage.basis.as_deref() else {
            return broken(Rule::Invented, format!("{} rests on nothing", name()));
        };
        let Some(report) = self.report(session, basis.kind, usage.request_number) else {
            return broken(Rule::Invented, format!("{} was never reported", name()));
        };
        let once = *report.batch.get_or_insert(sequence.0) == sequence.0;
        hold(once, Rule::Once, || format!("{} is charged in batch {} as well", name(), sequence.0))?;
        *report.counted.entry(usage.key.clone()).or_default() += usage.used.count;
        let place = (kind_number(basis.kind), usage.request_number);
        touched.reports.insert((session.into(), place));
        let dialogue = &self.dialogues[session];
        let number = self.numbers.get(&usage.msisdn);
        let owner = dialogue.msisdn == usage.msisdn
            && number.is_some_and(|number| number.has_account(entry.account, dialogue.opened));
        hold(owner, Rule::Owner, || format!("{} pays for {}", name(), dialogue.msisdn))?;
        hold(!dialogue.emergency, Rule::Emergency, || format!("{} is charged", name()))?;
        for (bundle, units) in &basis.bundles {
            *touched.bundles.entry((usage.msisdn, bundle.clone())).or_default() += units;
        }
        let bundled: u64 =
            if usage.used.count == 0 { 0 } else { basis.bundles.iter().map(|(_, units)| units).sum() };
        hold(bundled == usage.from_bundles && bundled <= usage.used.count, Rule::Bundle, || {
            format!("{}: bundles pay {bundled} of {usage:?}", name())
        })?;
        self.price(entry, usage, basis, now)?;
        touched.counts.insert((session.into(), usage.key.clone()));
        Ok(())
    }

    /// Which rate it is by, and that this rate may be what it is by.
    fn price(&mut self, entry: &LedgerEntry, usage: &ChargedUse, basis: &Basis, now: Timestamp) -> Found {
        let session = usage.session.as_str();
        let by_money = usage.used.count - usage.from_bundles;
        let charged = -cents(entry.amount);
        let name = || format!("{session} {} {:?}", usage.request_number, usage.key);
        let dialogue = &self.dialogues[session];
        let free = dialogue.is_free(&usage.key);
        if charged == 0 && (by_money == 0 || free) {
            return Ok(());
        }
        hold(!free, Rule::Price, || format!("{} costs nothing, and {charged} is charged", name()))?;
        let span = (dialogue.opened, now);
        let Some(version) = self.versions_at(span.0, span.1).find(|version| version.hash == basis.version)
        else {
            return broken(Rule::Price, format!("{}: version {} is not of its time", name(), basis.version));
        };
        let number = &self.numbers[&usage.msisdn];
        let Some(plan) = version.list.plan(&usage.plan).filter(|plan| number.had_plan(plan.name, span.0))
        else {
            return broken(Rule::Price, format!("{}: the plan {} is not of its time", name(), usage.plan));
        };
        let night = basis.band.as_deref() == Some("night");
        let asked = basis
            .money
            .as_ref()
            .and_then(|money| money.prices.first())
            .map(|(_, price)| i128::from(price.micros()));
        let (may_pay, may_not) = number.fee_states(plan, span.0, span.1);
        let ordinary = dialogue.rate_in(plan, false).filter(|_| may_pay || dialogue.abroad);
        let fallback = dialogue.rate_in(plan, true).filter(|_| may_not && !dialogue.abroad);
        // without a rate for who has not paid, the ordinary one holds
        let plain = dialogue.rate_in(plan, false).filter(|_| dialogue.rate_in(plan, true).is_none());
        let fits = |place: &usize| {
            asked.is_none_or(|asked| plan.rates[*place].price_at(night, dialogue.incoming) == asked)
        };
        let found = [ordinary, fallback, plain].into_iter().flatten().find(fits);
        let Some(rate) = found else {
            return broken(Rule::Price, format!("{}: no rate of {} costs {asked:?}", name(), plan.name));
        };
        let (day, has_night) = nights(span.0.micros(), span.1.micros());
        let banded = plan.rates[rate].night.is_some() && !dialogue.incoming;
        let of_time = if night { banded && has_night } else { !banded || day };
        hold(of_time, Rule::Price, || format!("{}: band {:?} is not of its time", name(), basis.band))?;
        let of = (basis.version, usage.plan.clone(), rate, night);
        let dialogue = self.dialogues.get_mut(session).expect("it is there");
        let counts = dialogue.counts.entry(usage.key.clone()).or_default();
        let known = counts.iter().position(|count| count.is_of((of.0, &of.1, of.2, of.3)));
        let place = known.unwrap_or(counts.len());
        if known.is_none() {
            let (version, plan, rate, night) = of;
            counts.push(Count { version, plan, rate, night, units: 0, charged: 0 });
        }
        counts[place].units += by_money;
        counts[place].charged += charged;
        Ok(())
    }

    /// What a batch has charged is all that was reported, at its price.
    pub(super) fn close_uses(&mut self, touched: &Touched) -> Found {
        for (session, place) in &touched.reports {
            let report = &self.dialogues[session].reports[place];
            hold(report.is_counted(), Rule::Lost, || {
                format!("{session} {place:?} has reported {:?}, charged is {:?}", report.used, report.counted)
            })?;
        }
        for (session, key) in &touched.counts {
            let dialogue = &self.dialogues[session];
            for (place, count) in dialogue.counts.get(key).into_iter().flatten().enumerate() {
                let version = self.versions.iter().find(|version| version.hash == count.version);
                let plan =
                    version.and_then(|version| version.list.plan(&count.plan)).expect("it was found before");
                let leg = (count.night, dialogue.incoming);
                let due = plan.rates[count.rate].charged(count.units, leg, place == 0);
                self.tally.prices += 1;
                hold(due == count.charged, Rule::Price, || {
                    format!("{session} {key:?}: {count:?} comes to {due} by {:?}", plan.rates[count.rate])
                })?;
            }
        }
        Ok(())
    }
}
