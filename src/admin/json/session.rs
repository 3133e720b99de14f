//! A session and its quotas.

use serde::{Deserialize, Serialize};

use super::Form;
use super::subscriber::unit;
use crate::charging::answer::FinalUnit;
use crate::charging::session::{self, SessionState};
use crate::charging::units::Money;
use crate::engine::control::{Outstanding, Scope, SessionCursor, SessionView, What};

/// A session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Its identifier.
    pub id: String,
    /// The number it is for.
    pub msisdn: String,
    /// The account that pays.
    pub account: String,
    /// The service, by name.
    pub service: String,
    /// `open` or `ended`.
    pub state: String,
    /// When it was opened.
    pub opened: String,
    /// When it was last heard of.
    pub touched: String,
    /// When it ended.
    pub ended: Option<String>,
    /// The Origin-Host that asked last.
    pub host: String,
    /// Its Origin-Realm.
    pub realm: String,
    /// The client's profile.
    pub profile: String,
    /// The called address.
    pub called: Option<String>,
    /// It goes to an emergency number.
    pub emergency: bool,
    /// How many times the identifier was begun afresh.
    pub incarnation: u32,
    /// Money that it holds.
    pub reserved: String,
    /// Money that was charged for it.
    pub charged: String,
    /// Its quotas.
    pub quotas: Vec<Quota>,
    /// What its client is asked to do and has not done; told of one session that is shown by itself.
    #[serde(default)]
    pub asked: Option<Asked>,
}

/// What a client is asked to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// `reauthorise` or `abort`.
    pub what: String,
    /// The rating group, where it is about one.
    pub rating_group: Option<u32>,
    /// Why: `topup`, `block`, `fair-use`, `tariff`, `operator`.
    pub reason: String,
    /// `queued`, `asked`, or `awaited`: it has said yes and has not reported yet.
    pub stage: String,
    /// Since when it is demanded.
    pub since: String,
    /// How often the client was asked.
    pub tries: u8,
    /// It will be asked once more after that.
    pub again: bool,
}

/// A quota of a session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quota {
    /// The rating group.
    pub rating_group: Option<u32>,
    /// The service identifiers.
    pub services: Vec<u32>,
    /// Units that were reported.
    pub used: u64,
    /// Money that was charged for them.
    pub charged: String,
    /// What the units are; null where nothing is granted now.
    pub unit: Option<String>,
    /// Units that are granted and not yet reported.
    pub granted: u64,
    /// Money held for them.
    pub reserved: String,
    /// When the grant ends by itself.
    pub expires: Option<String>,
    /// It was the last grant.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// The client was told to limit the service, as `told` says.
    pub limited: bool,
    /// What the client does at the end of its quota, as it was told with the last answer: `terminate`,
    /// `redirect:ADDRESS`, `restrict:FILTERS`; null where the quota goes on.
    pub told: Option<String>,
}

/// A page of sessions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// The sessions.
    pub sessions: Vec<Session>,
    /// What to ask for the next page with.
    pub next: Option<String>,
    /// Whether all sessions are known: false while the store is still being read after a start.
    pub complete: bool,
}

fn sum(amounts: impl Iterator<Item = Money>) -> Money {
    amounts.fold(Money::ZERO, |sum, amount| sum.checked_add(amount).unwrap_or(Money::MAX))
}

impl Session {
    /// As operators see it.
    pub fn of(session: &session::Session, form: &Form) -> Self {
        let ended = match session.state {
            SessionState::Open => None,
            SessionState::Ended(at) => Some(form.time(at)),
        };
        let held = session.quotas.iter().filter_map(|quota| quota.reservation.as_ref());
        let rated = session.quotas.iter().flat_map(|quota| &quota.rated);
        Self {
            id: session.id.as_str().into(),
            msisdn: session.msisdn.to_string(),
            account: session.account.0.to_string(),
            service: session.service.as_ref().into(),
            state: if ended.is_none() { "open" } else { "ended" }.into(),
            opened: form.time(session.opened),
            touched: form.time(session.touched),
            ended,
            host: session.client_host.as_ref().into(),
            realm: session.client_realm.as_ref().into(),
            profile: session.profile.as_ref().into(),
            called: session.parties.called.as_deref().map(Into::into),
            emergency: session.emergency,
            incarnation: session.incarnation,
            reserved: sum(held.map(|held| held.money)).to_string(),
            charged: sum(rated.map(|rated| rated.charged)).to_string(),
            quotas: session.quotas.iter().map(|quota| Quota::of(quota, session, form)).collect(),
            asked: None,
        }
    }

    /// As operators see one that is shown by itself.
    pub fn shown(view: &SessionView, form: &Form) -> Self {
        let asked = view.outstanding.as_ref().map(|outstanding| Asked::of(outstanding, form));
        Self { asked, ..Self::of(&view.session, form) }
    }
}

impl Asked {
    fn of(outstanding: &Outstanding, form: &Form) -> Self {
        let (what, rating_group) = match outstanding.what {
            What::Reauthorise(Scope::RatingGroup(group)) => ("reauthorise", Some(group)),
            What::Reauthorise(Scope::Session | Scope::Service(_)) => ("reauthorise", None),
            What::Abort => ("abort", None),
        };
        Self {
            what: what.into(),
            rating_group,
            reason: outstanding.reason.as_str().into(),
            stage: outstanding.stage.as_str().into(),
            since: form.time(outstanding.since),
            tries: outstanding.tries,
            again: outstanding.again,
        }
    }
}

impl Quota {
    fn of(quota: &session::Quota, session: &session::Session, form: &Form) -> Self {
        let held = quota.reservation.as_ref();
        Self {
            rating_group: quota.key.rating_group,
            services: quota.key.services.clone(),
            used: quota.used,
            charged: sum(quota.rated.iter().map(|rated| rated.charged)).to_string(),
            unit: held.map(|held| unit(held.granted.unit).into()),
            granted: held.map_or(0, |held| held.granted.count),
            reserved: held.map_or(Money::ZERO, |held| held.money).to_string(),
            expires: held.map(|held| form.time(held.expires)),
            is_final: held.is_some_and(|held| held.final_unit),
            limited: quota.limited && session.state == SessionState::Open,
            told: told(quota, session),
        }
    }
}

/// What the client was told to do at the end of a quota that holds its last grant or is limited: by the last answer
/// that spoke of it.
fn told(quota: &session::Quota, session: &session::Session) -> Option<String> {
    let ends = quota.limited || quota.reservation.as_ref().is_some_and(|held| held.final_unit);
    let parts = session.answers.iter().rev().flat_map(|stored| &stored.answer.parts);
    let action = parts.filter(|part| part.key == quota.key).find_map(|part| {
        let last = part.grant.as_ref().and_then(|grant| grant.final_unit.as_ref());
        last.or(part.limit.as_deref().map(|limit| &limit.action))
    });
    let open = session.state == SessionState::Open;
    action.filter(|_| ends && open).map(|action| match action {
        FinalUnit::Terminate => "terminate".into(),
        FinalUnit::Redirect(redirect) => format!("redirect:{}", redirect.to),
        FinalUnit::Restrict(open) => {
            let filters: Vec<&str> = open.filters.iter().chain(&open.rules).map(|text| &**text).collect();
            format!("restrict:{}", filters.join(","))
        }
    })
}

/// A place in the list, as text.
pub fn cursor(cursor: SessionCursor) -> String {
    format!("{}-{}", cursor.msisdn, cursor.short)
}

/// The place that [`Page::next`] names.
pub fn read_cursor(text: &str) -> Option<SessionCursor> {
    let (msisdn, short) = text.split_once('-')?;
    Some(SessionCursor { msisdn: msisdn.parse().ok()?, short: short.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::account::AccountId;
    use crate::charging::answer::{Answer, Grant, Limit, Outcome, PartAnswer, Reach, Redirect};
    use crate::charging::request::{Kind, Parties, Place, QuotaKey, SessionId, Shape};
    use crate::charging::session::{RateKey, Rated, Reservation, StoredAnswer};
    use crate::charging::units::{Amount, Digits, Unit};
    use crate::engine::control::{Reason, Stage};
    use crate::time::Timestamp;

    fn session(state: SessionState) -> session::Session {
        session::Session {
            id: SessionId::new("pgw1;1;2").unwrap(),
            account: AccountId(7),
            msisdn: Digits::parse("77010000001").unwrap(),
            service: "data".into(),
            incarnation: 1,
            state,
            client_host: "pgw1".into(),
            client_realm: "realm".into(),
            profile: "standard".into(),
            parties: Parties::default(),
            place: Place::default(),
            emergency: false,
            opened: Timestamp::from_secs(0),
            touched: Timestamp::from_secs(60),
            quotas: vec![session::Quota {
                key: QuotaKey { rating_group: Some(10), services: vec![3] },
                used: 1_024,
                rated: vec![Rated {
                    rate: RateKey { version: 1, plan: 0, rate: 0, destination: u16::MAX, band: u16::MAX },
                    units: 1_024,
                    charged: Money::from_micros(1_250_000),
                }],
                reservation: Some(Reservation {
                    granted: Amount::new(Unit::Octets, 2_048),
                    money: Money::from_micros(2_500_000),
                    bonus: Vec::new(),
                    allowances: Vec::new(),
                    expires: Timestamp::from_secs(3_600),
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
            answers: Vec::new(),
            seen: Vec::new(),
        }
    }

    #[test]
    fn an_open_session_is_written_with_what_it_holds() {
        let written =
            serde_json::to_string(&Session::of(&session(SessionState::Open), &Form::plain())).unwrap();
        let wanted = r#"{"id":"pgw1;1;2","msisdn":"77010000001","account":"7","service":"data","state":"open","opened":"1970-01-01T00:00:00+00:00","touched":"1970-01-01T00:01:00+00:00","ended":null,"host":"pgw1","realm":"realm","profile":"standard","called":null,"emergency":false,"incarnation":1,"reserved":"2.50","charged":"1.25","quotas":[{"rating_group":10,"services":[3],"used":1024,"charged":"1.25","unit":"octets","granted":2048,"reserved":"2.50","expires":"1970-01-01T01:00:00+00:00","final":true,"limited":false,"told":null}],"asked":null}"#;
        assert_eq!(written, wanted);
    }

    #[test]
    fn a_quota_at_its_end_says_what_the_client_was_told() {
        let mut open = session(SessionState::Open);
        let key = open.quotas[0].key.clone();
        let stored = |number, part| StoredAnswer {
            kind: Kind::Update,
            number,
            digest: 0,
            answer: Answer::new(Outcome::Done, Shape::PerGroup, vec![part]),
        };
        let last =
            Grant { final_unit: Some(FinalUnit::Terminate), ..Grant::of(Amount::new(Unit::Octets, 2_048)) };
        open.answers.push(stored(1, PartAnswer::granted(key.clone(), Some(last))));
        let quota = |session: &session::Session| Session::of(session, &Form::plain()).quotas.remove(0);
        assert_eq!((quota(&open).limited, quota(&open).told.as_deref()), (false, Some("terminate")));
        let redirect = Redirect { to: "https://pay.example.org".into(), open: Reach::default() };
        let filters = Reach { filters: vec!["portal".into(), "kiosk".into()], rules: Vec::new() };
        for (number, action, told) in [
            (2, FinalUnit::Redirect(Box::new(redirect)), "redirect:https://pay.example.org"),
            (3, FinalUnit::Restrict(Box::new(filters)), "restrict:portal,kiosk"),
        ] {
            let limit = Some(Box::new(Limit { action, validity_secs: 300 }));
            let part = PartAnswer { limit, ..PartAnswer::new(key.clone(), Outcome::Done) };
            open.answers.push(stored(number, part));
            (open.quotas[0].reservation, open.quotas[0].limited) = (None, true);
            assert_eq!((quota(&open).limited, quota(&open).told.as_deref()), (true, Some(told)));
        }
        open.state = SessionState::Ended(Timestamp::from_secs(61));
        assert_eq!((quota(&open).limited, quota(&open).told), (false, None));
    }

    #[test]
    fn what_a_client_is_asked_to_do_is_told_with_its_session() {
        let outstanding = Outstanding {
            what: What::Reauthorise(Scope::RatingGroup(10)),
            reason: Reason::Topup,
            stage: Stage::Awaited,
            since: Timestamp::from_secs(0),
            tries: 2,
            again: false,
        };
        let view = SessionView { session: session(SessionState::Open), outstanding: Some(outstanding) };
        let told = Session::shown(&view, &Form::plain()).asked;
        let wanted = r#"{"what":"reauthorise","rating_group":10,"reason":"topup","stage":"awaited","since":"1970-01-01T00:00:00+00:00","tries":2,"again":false}"#;
        assert_eq!(serde_json::to_string(&told).unwrap(), wanted);
    }

    #[test]
    fn an_ended_session_says_when() {
        let ended = SessionState::Ended(Timestamp::from_secs(61));
        let told = Session::of(&session(ended), &Form::plain());
        assert_eq!((&*told.state, told.ended.as_deref()), ("ended", Some("1970-01-01T00:01:01+00:00")));
    }

    #[test]
    fn a_place_in_the_list_is_read_as_it_was_written() {
        let place = SessionCursor { msisdn: u64::MAX, short: 7 };
        assert_eq!(read_cursor(&cursor(place)), Some(place));
        for wrong in ["", "-", "1", "1-", "-1", "1-x"] {
            assert_eq!(read_cursor(wrong), None, "{wrong}");
        }
    }
}
