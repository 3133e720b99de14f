//! A session and its quotas.

use serde::{Deserialize, Serialize};

use super::Form;
use super::subscriber::unit;
use crate::charging::session::{self, SessionState};
use crate::charging::units::Money;
use crate::engine::control::SessionCursor;

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
            quotas: session.quotas.iter().map(|quota| Quota::of(quota, form)).collect(),
        }
    }
}

impl Quota {
    fn of(quota: &session::Quota, form: &Form) -> Self {
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
        }
    }
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
