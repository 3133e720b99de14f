//! Which quotas of a session lack of money has limited: those that got their last units, none, or a limited service.
//! They are what a top-up can widen (RFC 8506 §5.5, §8.34).

use crate::charging::answer::{Denial, Outcome, PartAnswer};
use crate::charging::request::QuotaKey;
use crate::charging::session::{Session, SessionState, StoredAnswer};

/// Whether money would widen something of this session. One that has ended has nothing to widen.
pub fn is_restricted(session: &Session) -> bool {
    session.state == SessionState::Open && restricted(session).next().is_some()
}

/// The one rating group that money would widen; none where there are several, or the quota has no group.
pub fn only_group(session: &Session) -> Option<u32> {
    let mut groups = restricted(session).map(|key| key.rating_group);
    let first = groups.next()??;
    groups.all(|group| group == Some(first)).then_some(first)
}

/// The quotas that money would widen, some of them perhaps twice: those that hold their last units, whose service is
/// limited or that were refused, and those whose last answer was the last units or a refusal for lack of money.
fn restricted(session: &Session) -> impl Iterator<Item = &QuotaKey> {
    let held = session.quotas.iter().filter(|quota| {
        quota.limited
            || quota.refused
            || quota.reservation.as_ref().is_some_and(|reservation| reservation.final_unit)
    });
    let told = session.answers.iter().enumerate().flat_map(|(at, stored)| {
        let newer = session.answers.get(at.saturating_add(1)..).unwrap_or_default();
        let last = move |part: &&PartAnswer| is_limit(part) && !speaks_of(newer, &part.key);
        stored.answer.parts.iter().filter(last)
    });
    held.map(|quota| &quota.key).chain(told.map(|part| &part.key))
}

/// Whether an answer for a quota was its last units, a limited service, or none for lack of money.
fn is_limit(part: &PartAnswer) -> bool {
    let is_last = part.grant.as_ref().is_some_and(|grant| grant.final_unit.is_some());
    is_last || part.limit.is_some() || part.outcome == Outcome::Denied(Denial::NoCredit)
}

/// Whether one of these answers granted this quota, limited or refused it: use that was merely taken says nothing.
fn speaks_of(answers: &[StoredAnswer], key: &QuotaKey) -> bool {
    let speaks =
        |part: &PartAnswer| part.grant.is_some() || part.limit.is_some() || part.outcome != Outcome::Done;
    answers.iter().flat_map(|stored| &stored.answer.parts).any(|part| part.key == *key && speaks(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::AccountId;
    use crate::charging::answer::{Answer, FinalUnit, Grant, Limit, Reach, Redirect};
    use crate::charging::request::{Kind, Parties, Place, SessionId, Shape};
    use crate::charging::session::{Quota, Reservation};
    use crate::charging::units::{Amount, Digits, Money, Unit};
    use crate::time::Timestamp;

    #[derive(Clone, Copy)]
    enum Told {
        Plenty,
        Last,
        Redirected,
        NoCredit,
        Blocked,
        Taken,
    }

    /// What each answer told of each group.
    type Answers<'a> = &'a [&'a [(u32, Told)]];

    fn key(group: u32) -> QuotaKey {
        QuotaKey { rating_group: Some(group), services: Vec::new() }
    }

    fn part(group: u32, told: Told) -> PartAnswer {
        let grant = |final_unit| Grant { final_unit, ..Grant::of(Amount::new(Unit::Octets, 1)) };
        match told {
            Told::Plenty => PartAnswer::granted(key(group), Some(grant(None))),
            Told::Last => PartAnswer::granted(key(group), Some(grant(Some(FinalUnit::Terminate)))),
            Told::Redirected => {
                let to = Redirect { to: "http://pay.kz".into(), open: Reach::default() };
                let limit = Limit { action: FinalUnit::Redirect(Box::new(to)), validity_secs: 60 };
                PartAnswer { limit: Some(Box::new(limit)), ..PartAnswer::granted(key(group), None) }
            }
            Told::NoCredit => PartAnswer::new(key(group), Outcome::Denied(Denial::NoCredit)),
            Told::Blocked => PartAnswer::new(key(group), Outcome::Denied(Denial::Blocked)),
            Told::Taken => PartAnswer::granted(key(group), None),
        }
    }

    fn session(answers: Answers<'_>) -> Session {
        let stored = |(number, parts): (usize, &&[(u32, Told)])| StoredAnswer {
            kind: Kind::Update,
            number: u32::try_from(number).unwrap(),
            digest: 0,
            answer: Answer::new(
                Outcome::Done,
                Shape::PerGroup,
                parts.iter().map(|(group, told)| part(*group, *told)).collect(),
            ),
        };
        Session {
            id: SessionId::new("s").unwrap(),
            account: AccountId(7),
            msisdn: Digits::parse("77010000001").unwrap(),
            service: "data".into(),
            incarnation: 0,
            state: SessionState::Open,
            client_host: "pgw".into(),
            client_realm: "realm".into(),
            profile: "standard".into(),
            parties: Parties::default(),
            place: Place::default(),
            emergency: false,
            opened: Timestamp::EPOCH,
            touched: Timestamp::EPOCH,
            quotas: Vec::new(),
            answers: answers.iter().enumerate().map(stored).collect(),
            seen: Vec::new(),
        }
    }

    #[test]
    fn what_was_told_last_of_a_quota_decides() {
        use Told::{Blocked, Last, NoCredit, Plenty, Redirected, Taken};
        let cases: [(Answers<'_>, Option<u32>); 11] = [
            (&[], None),
            (&[&[(10, Plenty)]], None),
            (&[&[(10, Last)]], Some(10)),
            (&[&[(10, NoCredit)]], Some(10)),
            (&[&[(10, Last)], &[(10, Plenty)]], None),
            (&[&[(10, Plenty)], &[(10, NoCredit)], &[(20, Plenty)]], Some(10)),
            (&[&[(10, Last)], &[(10, Taken)]], Some(10)),
            (&[&[(10, NoCredit)], &[(10, Blocked)]], None),
            (&[&[(10, Last)], &[(10, NoCredit)]], Some(10)),
            (&[&[(10, Last)], &[(10, Redirected)], &[(10, Taken)]], Some(10)),
            (&[&[(10, Redirected)], &[(10, Plenty)]], None),
        ];
        for (answers, group) in cases {
            let session = session(answers);
            assert_eq!(
                (is_restricted(&session), only_group(&session)),
                (group.is_some(), group),
                "{:?}",
                session.answers
            );
        }
    }

    #[test]
    fn several_limited_quotas_have_no_one_group() {
        let session = session(&[&[(10, Told::NoCredit), (20, Told::Last), (30, Told::Plenty)]]);
        assert!(is_restricted(&session));
        assert_eq!(only_group(&session), None);
    }

    #[test]
    fn the_last_units_that_are_held_count_whatever_answers_are_kept() {
        let held = Reservation {
            granted: Amount::new(Unit::Octets, 1),
            money: Money::ZERO,
            bonus: Vec::new(),
            allowances: Vec::new(),
            expires: Timestamp::EPOCH,
            final_unit: true,
            change: None,
            pool: None,
        };
        let quota = |reservation, limited| Quota {
            key: key(10),
            used: 0,
            rated: Vec::new(),
            reservation,
            lapsed: false,
            limited,
            since: None,
            refused: false,
            pace: None,
            armed: Vec::new(),
            tally: None,
        };
        let with = |quota| Session { quotas: vec![quota], ..session(&[]) };
        assert!(!is_restricted(&with(quota(None, false))));
        assert_eq!(only_group(&with(quota(None, true))), Some(10));
        let refused = Quota { refused: true, ..quota(None, false) };
        assert_eq!(only_group(&with(refused)), Some(10));
        let mut session = with(quota(Some(held), false));
        assert_eq!((is_restricted(&session), only_group(&session)), (true, Some(10)));
        session.state = SessionState::Ended(Timestamp::EPOCH);
        assert!(!is_restricted(&session), "what has ended asks for nothing");
    }
}
