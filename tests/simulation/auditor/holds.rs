//! Reservations: what sessions hold is what accounts and bundles have reserved, it is enough for what was granted, it
//! leaves the floor alone, and it ends.

use std::collections::BTreeMap;

use gyro::charging::account::Subscriber;
use gyro::charging::answer::Answer;
use gyro::charging::request::{Kind, QuotaKey};
use gyro::charging::session::{Reservation, Session, SessionState};
use gyro::charging::units::Digits;
use gyro::engine::core::SessionKey;
use gyro::time::Timestamp;

use super::{Auditor, Found, Rule, Touched, broken, cents, hold, kind_number};
use crate::disk::Disk;
use crate::prices::{VALIDITY_SECS, is_night};

/// What a reservation may outlive twice its validity by, in seconds.
const GRACE_SECS: i64 = 5;

fn held_of(session: &Session) -> (i128, i128) {
    let all = session.quotas.iter().filter_map(|quota| quota.reservation.as_ref());
    all.fold((0, 0), |(money, bonus), held| {
        let of_bonus: i128 = held.bonus.iter().map(|one| cents(one.money)).sum();
        (money + cents(held.money), bonus + of_bonus)
    })
}

type Bundles = BTreeMap<(Box<str>, Option<Timestamp>), u64>;

impl Auditor {
    /// A session as it is written.
    pub(super) fn session(
        &mut self,
        key: SessionKey,
        image: &Session,
        now: Timestamp,
        touched: &mut Touched,
    ) -> Found {
        let id = image.id.as_str();
        let before = self.sessions.insert(key, image.clone());
        if before.is_none() {
            self.names.insert(id.into(), key);
        }
        let open = self.open.entry(image.msisdn).or_default();
        if image.state == SessionState::Open {
            open.insert(key)
        } else {
            open.remove(&key)
        };
        let (money, bonus) = held_of(image);
        let (money_before, bonus_before) = before.as_ref().map_or((0, 0), held_of);
        let Some(book) = self.book(image.account) else {
            return broken(Rule::Owner, format!("{id}: nobody has {:?}", image.account));
        };
        book.held += money - money_before;
        book.held_bonus += bonus - bonus_before;
        if (money, bonus) != (money_before, bonus_before) {
            touched.accounts.insert(image.account);
        }
        *touched.written.entry(image.account).or_default() += 1;
        let ended = matches!(image.state, SessionState::Ended(_));
        for quota in &image.quotas {
            let Some(held) = &quota.reservation else { continue };
            hold(!ended, Rule::Ends, || format!("{id} has ended and holds {held:?}"))?;
            let same =
                before.as_ref().and_then(|before| before.quotas.iter().find(|one| one.key == quota.key));
            if same.and_then(|same| same.reservation.as_ref()) == Some(held) {
                continue;
            }
            let longest = 2 * i64::try_from(VALIDITY_SECS).unwrap() + GRACE_SECS;
            hold(held.expires.secs() - now.secs() <= longest, Rule::Ends, || {
                format!("{id} holds {held:?} at {now}: for too long")
            })?;
            self.tally.grants += 1;
            if cents(held.money) > 0 {
                *touched.fresh.entry(image.account).or_default() += 1;
            }
            self.enough(image, &quota.key, held, now)?;
        }
        Ok(())
    }

    /// What was granted is held: by bundles, and the rest by money at the lowest price that it may have.
    fn enough(&self, image: &Session, key: &QuotaKey, held: &Reservation, now: Timestamp) -> Found {
        let id = image.id.as_str();
        let Some(dialogue) = self.dialogues.get(id) else {
            return broken(Rule::Invented, format!("{id} was never opened"));
        };
        let bundled: u64 = held.allowances.iter().map(|held| held.units).sum();
        let by_money = held.granted.count.saturating_sub(bundled);
        if by_money == 0 || dialogue.is_free(key) {
            return Ok(());
        }
        let number = &self.numbers[&image.msisdn];
        let money: i128 = cents(held.money) + held.bonus.iter().map(|held| cents(held.money)).sum::<i128>();
        let leg = (is_night(now.micros()), dialogue.incoming);
        let mut lowest = None;
        for version in self.versions_at(now, now) {
            let Some(plan) = version.list.plan(&number.plan) else { continue };
            let rates = [dialogue.rate_in(plan, false), dialogue.rate_in(plan, true)];
            for rate in rates.into_iter().flatten() {
                let (units, charged, first) = dialogue
                    .count(key, (version.hash, plan.name, rate, leg.0 && plan.rates[rate].night.is_some()));
                let due = plan.rates[rate].held(units + by_money, leg, first) - charged;
                lowest = Some(lowest.map_or(due, |least: i128| least.min(due)));
            }
        }
        hold(lowest.is_some_and(|lowest| money >= lowest), Rule::OverGrant, || {
            format!("{id} {key:?} is granted {by_money} for money, holds {money}, and needs {lowest:?}")
        })
    }

    pub(super) fn session_gone(&mut self, key: SessionKey) -> Found {
        let Some(gone) = self.sessions.remove(&key) else {
            return broken(Rule::Durable, "a session is forgotten that was never there");
        };
        self.names.remove(gone.id.as_str());
        let ended = matches!(gone.state, SessionState::Ended(_)) && held_of(&gone) == (0, 0);
        hold(ended, Rule::Ends, || format!("{:?} is forgotten before it has ended", gone.id))
    }

    /// No reservation takes available money below the floor: looked at where nothing else in the batch does.
    pub(super) fn close_holds(&self, touched: &Touched) -> Found {
        for account in touched.fresh.keys() {
            let alone = touched.written.get(account) == Some(&1) && !touched.mixed.contains(account);
            let book = &self.books[account];
            hold(!alone || book.available() >= 0, Rule::Floor, || {
                format!(
                    "{account:?}: {} with a floor of {} and {} reserved",
                    book.main, -book.floor, book.held
                )
            })?;
        }
        Ok(())
    }

    /// A number as it is written: its bundles.
    pub(super) fn subscriber(&mut self, image: &Subscriber, now: Timestamp, touched: &Touched) -> Found {
        let msisdn = image.msisdn;
        let mut reserved = Bundles::new();
        for one in &image.allowances {
            hold(one.reserved <= one.left, Rule::Bundle, || format!("{msisdn}: {one:?}"))?;
            *reserved.entry((one.bundle.clone(), one.expires)).or_default() += one.reserved;
        }
        reserved.retain(|_, units| *units > 0);
        let held = self.bundles_held(msisdn);
        hold(reserved == held, Rule::Reserved, || {
            format!("{msisdn}: {reserved:?} of bundles is reserved, sessions hold {held:?}")
        })?;
        let number = self.numbers.get_mut(&msisdn).expect("it was met");
        let renewed = touched.renewed.contains(&msisdn);
        let before = number.take_bundles(image);
        let ids: std::collections::BTreeSet<&Box<str>> = before
            .iter()
            .map(|one| &one.bundle)
            .chain(image.allowances.iter().map(|one| &one.bundle))
            .collect();
        for id in ids {
            let sum = |all: &[gyro::charging::account::Allowance]| -> i128 {
                all.iter().filter(|one| one.bundle == *id).map(|one| i128::from(one.left)).sum()
            };
            let taken = touched.bundles.get(&(msisdn, id.clone())).copied().map_or(0, i128::from);
            let (had, has) = (sum(&before), sum(&image.allowances));
            let ends =
                before.iter().any(|one| one.bundle == *id && one.expires.is_some_and(|end| end <= now));
            let full = if renewed { number.full(&self.versions, id) } else { 0 };
            let right = if renewed || ends { has <= had - taken + full } else { has == had - taken };
            hold(right, Rule::Bundle, || {
                format!("{msisdn}: {id} had {had}, {taken} was taken, and {has} is left")
            })?;
        }
        Ok(())
    }

    fn bundles_held(&self, msisdn: Digits) -> Bundles {
        let mut held = Bundles::new();
        for key in self.open.get(&msisdn).into_iter().flatten() {
            let quotas = self.sessions[key].quotas.iter();
            for one in quotas.filter_map(|quota| quota.reservation.as_ref()).flat_map(|held| &held.allowances)
            {
                *held.entry((one.bundle.clone(), one.expires)).or_default() += one.units;
            }
        }
        held.retain(|_, units| *units > 0);
        held
    }

    /// What an answer grants is what is reserved.
    pub(super) fn grants(&self, session: &str, (kind, number): (Kind, u32), answer: &Answer) -> Found {
        let latest = self.dialogues.get(session).map(|dialogue| dialogue.latest);
        if latest != Some((kind_number(kind), number)) || matches!(kind, Kind::Event(_)) {
            return Ok(());
        }
        let image = self.names.get(session).and_then(|key| self.sessions.get(key));
        let Some(image) = image else { return Ok(()) };
        for part in &answer.parts {
            let quota = image.quotas.iter().find(|quota| quota.key == part.key);
            let held = quota.and_then(|quota| quota.reservation.as_ref());
            let (Some(grant), Some(held)) = (&part.grant, held) else { continue };
            hold(grant.amount == held.granted, Rule::OverGrant, || {
                format!("{session} {number} is granted {:?}, held is {held:?}", grant.amount)
            })?;
        }
        Ok(())
    }

    /// Every hour: what sessions on the disk hold is what accounts have reserved, and none holds it beyond its time.
    pub(super) fn hold_reservations(&self, disk: &Disk, now: Timestamp) -> Found {
        let mut sums = BTreeMap::new();
        for session in disk.sessions.values() {
            if session.state != SessionState::Open {
                hold(held_of(session) == (0, 0), Rule::Ends, || {
                    format!("{:?} has ended and holds", session.id)
                })?;
                continue;
            }
            let (money, _) = held_of(session);
            *sums.entry(session.account).or_insert(0) += money;
            for held in session.quotas.iter().filter_map(|quota| quota.reservation.as_ref()) {
                let overdue = now.secs() - held.expires.secs();
                hold(overdue <= self.strictness.overdue_secs, Rule::Ends, || {
                    format!("{:?} still holds {held:?} at {now}", session.id)
                })?;
            }
        }
        for (id, account) in &disk.accounts {
            let held = sums.get(id).copied().unwrap_or(0);
            hold(cents(account.reserved) == held, Rule::Reserved, || {
                format!("{id:?}: {} is reserved, sessions hold {held}", account.reserved)
            })?;
        }
        Ok(())
    }
}
