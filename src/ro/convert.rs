//! From Gy/Ro words to charging's and back: a CCR becomes a request, an answer becomes a CCA.

use core::time::Duration;
use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

use super::cca::{Answering, Asked, Origin, Refusal};
use super::ccr::{Ccr, RequestType};
use super::digest;
use super::final_unit::indication;
use super::mscc::{Mscc, MsccAnswer};
use super::profile::{FreeAnswer, Profile, Rar};
use super::result;
use super::service_information::{Kinds, is_message};
use super::subscription::{Subscription, by_weight, party, user_name};
use super::units::measured_of;
use crate::charging::answer::{Answer, FinalUnit, Grant, Outcome, PartAnswer};
use crate::charging::request::{
    Action, ClientTraits, Identity, Kind, Measured, Part, QuotaKey, Request, Role, SessionId, Shape,
    TariffSide,
};
use crate::charging::units::{Amount, Unit};
use crate::diameter::encode::EncodeError;
use crate::time::Timestamp;

/// How far back a client's clock is believed.
const BACK: Duration = Duration::from_hours(24);
/// How far ahead a client's clock is believed.
const AHEAD: Duration = Duration::from_mins(5);

/// The request that a CCR is for charging; none where its Session-Id is empty or too long, which it never is in one
/// that was read.
///
/// `now` is the time of arrival, `serves` says whether any service has a context. A context that none has becomes
/// the profile's, where it has one; else it stays and charging refuses it.
pub fn request(
    ccr: Ccr<'_>,
    profile: &Profile,
    now: Timestamp,
    serves: impl Fn(&str) -> bool,
) -> Option<Request> {
    let session = SessionId::new(ccr.session_id)?;
    let kind = kind(&ccr);
    let told = ccr.context.unwrap_or_else(|| ccr.information.kinds.context());
    let context = profile.default_context.as_deref().filter(|_| !serves(told)).unwrap_or(told);
    let is_event = matches!(kind, Kind::Event(_));
    let has_units = ccr.requested.is_some() || !ccr.used.is_empty() || is_event;
    let shape = if ccr.msccs.is_empty() && has_units { Shape::Command } else { Shape::PerGroup };
    let unnamed = unnamed(&ccr, kind, context);
    let refund = profile.refund && is_3gpp(&ccr);
    let identities = identities(&ccr);
    let mut request = Request {
        session,
        kind,
        number: ccr.number,
        digest: 0,
        client_host: ccr.origin_host.into(),
        client_realm: ccr.origin_realm.into(),
        profile: profile.name.as_ref().into(),
        traits: ClientTraits {
            honour_requested: profile.honour_rsu,
            holding_time: profile.holding_time,
            max_octets: profile.max_units,
            redirect: profile.redirect,
            restrict: profile.restrict,
            tariff_change: profile.tariff_change,
            pools: profile.pools,
            triggers: profile.triggers,
            announcements: profile.announcements,
            balance: profile.balance,
            deaf: profile.rar != Rar::Reacts,
            max_validity_secs: profile.max_validity,
            expiration: profile.expiration,
            furnish: profile.furnish,
            refund,
        },
        identities: Vec::new(),
        context: context.into(),
        at: happened(ccr.event_timestamp, now),
        parties: ccr.information.parties(&identities),
        place: ccr.information.place(),
        shape,
        advice: profile.advice && matches!(ccr.advice, Some(1..=3)),
        parts: Vec::new(),
    };
    request.identities = identities;
    let stamp = ccr.event_timestamp;
    request.parts = match shape {
        Shape::Command => vec![command_part(ccr, unnamed)],
        Shape::PerGroup => {
            let token: Option<Box<[u8]>> = ccr.refund.map(Into::into);
            let with_token = |mut part: Part| {
                part.refund = part.refund.or_else(|| token.clone());
                part
            };
            ccr.msccs.into_iter().map(|mscc| with_token(part(mscc, unnamed))).collect()
        }
    };
    request.digest = digest::of(&request, stamp);
    Some(request)
}

/// What stands for units that are not named. An event, or a session opened with a quota, that is about messages is
/// about one, or as many as it says it has; a refund that names none is about all that was charged; else the server
/// decides.
fn unnamed(ccr: &Ccr<'_>, kind: Kind, context: &str) -> Option<Measured> {
    let kinds = ccr.information.kinds;
    let messages = is_message(context) || kinds.sms || kinds.mms;
    let told = ccr.information.messages.filter(|&told| told > 0).map(u64::from);
    let pieces = match kind {
        Kind::Event(Action::Debit | Action::CheckBalance | Action::PriceEnquiry) => {
            messages.then(|| told.unwrap_or(1))
        }
        Kind::Initial => Some(told.filter(|_| messages)?),
        Kind::Event(Action::Refund) | Kind::Update | Kind::Terminate => return None,
    };
    Some(Measured { pieces, ..Measured::default() })
}

/// Whether a client speaks the words of TS 32.299: it has shown one of them.
fn is_3gpp(ccr: &Ccr<'_>) -> bool {
    const DOMAIN: &[u8] = b"@3gpp.org";
    let context = ccr.context.unwrap_or_default().as_bytes();
    let start = context.len().checked_sub(DOMAIN.len());
    let end = start.and_then(|start| context.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(DOMAIN)) || ccr.information.kinds != Kinds::default()
}

fn kind(ccr: &Ccr<'_>) -> Kind {
    match ccr.request_type {
        RequestType::Initial => Kind::Initial,
        RequestType::Update => Kind::Update,
        RequestType::Termination => Kind::Terminate,
        RequestType::Event => Kind::Event(match ccr.requested_action {
            Some(1) => Action::Refund,
            Some(2) => Action::CheckBalance,
            Some(3) => Action::PriceEnquiry,
            _ => Action::Debit,
        }),
    }
}

/// Everyone whom the request names, by Subscription-Id or by its extension; the user name only where it names no one
/// else. A party that is charged in place of the one who calls (TS 32.299, Alternate-Charged-Party-Address) is the
/// only one: where nobody knows it the call is refused, and not charged to another.
fn identities(ccr: &Ccr<'_>) -> Vec<Identity> {
    let instead = ccr.information.alternate.and_then(party);
    if let Some(instead) = instead.filter(|_| ccr.information.leg(&[]) == Role::Originating) {
        return vec![instead];
    }
    let named = ccr.subscriptions.iter().chain(&ccr.extensions);
    let mut identities: Vec<_> = named.filter_map(Subscription::identity).collect();
    if identities.is_empty() {
        identities.extend(ccr.user_name.and_then(user_name));
    }
    by_weight(&mut identities);
    identities
}

/// The client's time where it is near enough to ours, else ours.
fn happened(told: Option<Timestamp>, now: Timestamp) -> Timestamp {
    told.filter(|at| now.since(*at) <= BACK && at.since(now) <= AHEAD).unwrap_or(now)
}

fn part(mscc: Mscc, unnamed: Option<Measured>) -> Part {
    let key = key(mscc.rating_group, mscc.services);
    Part {
        key,
        requested: named_or(mscc.requested, unnamed),
        used: mscc.used,
        reason: mscc.reason,
        changed: mscc.changed,
        radio: mscc.radio,
        refund: mscc.refund,
    }
}

fn command_part(ccr: Ccr<'_>, unnamed: Option<Measured>) -> Part {
    let key = key(None, ccr.services);
    Part {
        key,
        requested: named_or(ccr.requested, unnamed),
        used: ccr.used,
        reason: ccr.reason,
        refund: ccr.refund.map(Into::into),
        ..Part::default()
    }
}

fn key(rating_group: Option<u32>, mut services: Vec<u32>) -> QuotaKey {
    services.sort_unstable();
    services.dedup();
    QuotaKey { rating_group, services }
}

/// What is asked for; of an event that names no units, what stands for them.
fn named_or(requested: Option<Measured>, unnamed: Option<Measured>) -> Option<Measured> {
    let named = requested.filter(|requested| *requested != Measured::default());
    named.or(unnamed).or(requested)
}

/// Whether an answer is for something that costs nothing whatever is done, and so may end credit control.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Charge {
    /// Use is counted and charged.
    Counted,
    /// An emergency: the profile says whether it is a grant or no credit control at all.
    Free,
}

/// Writes charging's answer to a request at the end of `out`, and gives its length in octets. The same answer gives
/// the same octets, but for what is taken over from the request.
pub fn answer(
    out: &mut BytesMut,
    origin: &Origin<'_>,
    asked: &Asked<'_>,
    answer: &Answer,
    charge: Charge,
    profile: &Profile,
) -> Result<usize, EncodeError> {
    let ends = asked.request_type == Some(RequestType::Termination.value());
    let is_free = charge == Charge::Free && profile.free_answer == FreeAnswer::NotApplicable;
    if is_free && !ends && answer.outcome == Outcome::Done {
        return super::cca::refuse(out, origin, asked, &Refusal::new(result::FREE));
    }
    let (outcome, failed_avp) = whole(answer, asked);
    let refusal = Refusal {
        result_code: result::command(outcome),
        failed_avp: &failed_avp,
        message: answer.message.as_deref(),
    };
    let mut writing = Answering::start(out, origin, asked, &refusal);
    let extra = answer.extra.as_deref();
    if let Some(extra) = extra {
        writing.extra(extra);
    }
    match answer.shape {
        _ if ends => (),
        Shape::PerGroup => {
            for part in &answer.parts {
                writing.mscc(&mscc(part, profile));
                if let Some(after) = after_change(part) {
                    writing.mscc(&after);
                }
            }
        }
        Shape::Command => {
            if let Some(part) = answer.parts.first().filter(|_| outcome == Outcome::Done) {
                writing.units(&mscc(part, profile));
            }
        }
    }
    if let Some(extra) = extra {
        writing.information(extra);
    }
    writing.finish()
}

/// The outcome at command level, and the AVP that is to blame for it or for the first quota that was refused.
/// Where the units stand at command level there is no other place for the outcome of a quota.
fn whole(answer: &Answer, asked: &Asked<'_>) -> (Outcome, Bytes) {
    let refused = answer.parts.iter().find_map(|part| match part.outcome {
        Outcome::Denied(denial) => Some((denial, Some(&part.key))),
        Outcome::Done => None,
    });
    let above = match answer.outcome {
        Outcome::Denied(denial) => Some((denial, refused.and_then(|(_, key)| key))),
        Outcome::Done => None,
    };
    let outcome = match (above, refused, answer.shape) {
        (None, Some((denial, _)), Shape::Command) => Outcome::Denied(denial),
        _ => answer.outcome,
    };
    let failed = above.or(refused).map(|(denial, key)| result::failed_avp(denial, asked, key));
    (outcome, failed.unwrap_or_default())
}

fn mscc<'a>(part: &'a PartAnswer, profile: &Profile) -> MsccAnswer<'a> {
    let extra = part.extra.as_deref();
    let plain = MsccAnswer {
        rating_group: part.key.rating_group,
        services: Cow::Borrowed(&part.key.services),
        result_code: Some(result::quota(part.outcome)),
        refund: extra.and_then(|extra| extra.refund.as_deref()),
        announcements: Cow::Borrowed(extra.map_or(&[], |extra| &extra.announcements)),
        ..MsccAnswer::default()
    };
    match (&part.grant, part.limit.as_deref()) {
        (Some(grant), _) if part.outcome == Outcome::Done => granted(grant, profile, plain),
        (None, Some(limit)) if part.outcome == Outcome::Done => MsccAnswer {
            validity: Some(limit.validity_secs),
            ..with_last(plain, Some(&limit.action), profile)
        },
        _ => plain,
    }
}

/// Both indications where the client knows the newer one: it follows that, and lets the other be (RFC 8506 §8.68).
fn with_last<'a>(plain: MsccAnswer<'a>, last: Option<&'a FinalUnit>, profile: &Profile) -> MsccAnswer<'a> {
    let final_unit = last.map(indication);
    MsccAnswer { qos_final_unit: final_unit.clone().filter(|_| profile.qos_fui), final_unit, ..plain }
}

/// Where a grant is followed by one of its own after a change of the tariff: that one (RFC 8506 §5.1.1).
fn after_change(part: &PartAnswer) -> Option<MsccAnswer<'_>> {
    let grant = part.grant.as_ref().filter(|_| part.outcome == Outcome::Done)?;
    let change = grant.extra.as_ref()?.change?;
    Some(MsccAnswer {
        rating_group: part.key.rating_group,
        services: Cow::Borrowed(&part.key.services),
        granted: Some(measured_of(Amount::new(grant.amount.unit, change.after?))),
        tariff_change: Some(change.at),
        side: Some(TariffSide::After),
        validity: grant.validity_secs,
        result_code: Some(result::quota(part.outcome)),
        ..MsccAnswer::default()
    })
}

/// A threshold stands beside a grant only below it, and not beside a final unit.
fn granted<'a>(grant: &'a Grant, profile: &Profile, plain: MsccAnswer<'a>) -> MsccAnswer<'a> {
    let below = |threshold: &u64| *threshold < grant.amount.count && grant.final_unit.is_none();
    let threshold = |unit| {
        let threshold = grant.threshold.filter(|_| grant.amount.unit == unit).filter(below);
        threshold.map(|threshold| u32::try_from(threshold).unwrap_or(u32::MAX))
    };
    let extra = grant.extra.as_deref();
    let change = extra.and_then(|extra| extra.change);
    let unit = grant.amount.unit;
    MsccAnswer {
        granted: Some(measured_of(grant.amount)),
        tariff_change: change.map(|change| change.at),
        side: change.and_then(|change| change.after).map(|_| TariffSide::Before),
        consumption_time: extra.and_then(|extra| extra.consumption_secs),
        triggers: extra.and_then(|extra| extra.triggers.clone()),
        pool: extra.and_then(|extra| extra.pool).map(|share| (share, unit)),
        validity: grant.validity_secs,
        time_threshold: threshold(Unit::Seconds),
        volume_threshold: threshold(Unit::Octets),
        unit_threshold: threshold(Unit::Pieces),
        holding_time: grant.holding_secs.filter(|_| profile.holding_time),
        ..with_last(plain, grant.final_unit.as_ref(), profile)
    }
}
