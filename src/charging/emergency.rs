//! Calls and messages to emergency numbers (`FREE-1` … `FREE-3`): answered from the request and the list
//! of numbers alone, before anything is loaded. No account, no balance, no block, no store can stand in
//! the way.

use super::answer::{Answer, AnswerExtra, Grant, Outcome, PartAnswer};
use super::free_numbers::{FreeNumbers, NumberClass};
use super::request::{Action, Kind, Part, Request, Role, SessionId};
use super::units::{Amount, Digits, Money, Unit};
use crate::time::Timestamp;

/// Seconds granted for a call at a time.
pub const SECONDS: u32 = 3_600;
/// Octets granted at a time, where the client counts nothing else: 1 GiB.
pub const OCTETS: u64 = 1 << 30;

/// An emergency session or event: granted from the request alone, written behind the answer (`FREE-2`, `FREE-4`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EmergencyRecord {
    /// Its identifier, by which it is counted once.
    pub session: SessionId,
    /// The caller's number, where the request named one.
    pub msisdn: Option<Digits>,
    /// The caller's IMSI, where the request named one.
    pub imsi: Option<Digits>,
    /// The number called.
    pub called: Box<str>,
    /// When it was first granted.
    pub first: Timestamp,
    /// When it was last heard of.
    pub touched: Timestamp,
    /// How many requests were answered for it.
    pub answers: u32,
    /// Whether its subscriber's count has it.
    pub counted: bool,
}

/// Whether a request is for an emergency: the called or the requested party, or a recipient, is a listed
/// number, and the leg is not the terminating one.
pub fn is_emergency(request: &Request, numbers: &FreeNumbers) -> bool {
    let parties = &request.parties;
    let addresses = parties.called.iter().chain(&parties.requested).chain(&parties.recipients);
    parties.role != Role::Terminating
        && addresses.into_iter().any(|address| numbers.classify(address) == NumberClass::Emergency)
}

/// The answer to an emergency; none where the request is not for one. Every kind is done: what is asked
/// for is granted at no charge, what is reported is not charged.
pub fn emergency(request: &Request, numbers: &FreeNumbers) -> Option<Answer> {
    is_emergency(request, numbers).then(|| grant(request))
}

/// The answer to a request that is known to be for an emergency, by its number or by its session.
pub fn grant(request: &Request) -> Answer {
    let parts = match request.kind {
        Kind::Terminate | Kind::Event(Action::CheckBalance | Action::PriceEnquiry) => Vec::new(),
        Kind::Initial | Kind::Update | Kind::Event(_) => {
            let earlier =
                |at: usize, part: &Part| request.parts.iter().take(at).any(|other| other.key == part.key);
            let distinct = request.parts.iter().enumerate().filter(|(at, part)| !earlier(*at, part));
            distinct.map(|(_, part)| part_of(request, part)).collect()
        }
    };
    let extra = match request.kind {
        Kind::Event(Action::CheckBalance) => {
            Some(AnswerExtra { enough: Some(true), ..AnswerExtra::default() })
        }
        Kind::Event(Action::PriceEnquiry) => {
            Some(AnswerExtra { cost: Some(Money::ZERO), ..AnswerExtra::default() })
        }
        Kind::Initial | Kind::Update | Kind::Terminate | Kind::Event(_) => None,
    };
    Answer { extra: extra.map(Box::new), ..Answer::new(Outcome::Done, request.shape, parts) }
}

fn part_of(request: &Request, part: &Part) -> PartAnswer {
    let asks = match request.kind {
        Kind::Initial | Kind::Event(_) => true,
        Kind::Update => part.requested.is_some() || part.used.is_empty(),
        Kind::Terminate => false,
    };
    let validity_secs = (!matches!(request.kind, Kind::Event(_))).then_some(SECONDS);
    let grant = Grant { validity_secs, ..Grant::of(amount(request, part)) };
    PartAnswer::granted(part.key.clone(), asks.then_some(grant))
}

/// What the client counts: as it asks or reports, else as its context says; calls by seconds.
fn amount(request: &Request, part: &Part) -> Amount {
    let measured = || part.requested.iter().chain(part.used.iter().map(|used| &used.measured));
    let pieces = measured().find_map(|one| one.pieces);
    let seconds = measured().any(|one| one.seconds.is_some());
    let octets = measured()
        .any(|one| one.total_octets.is_some() || one.input_octets.is_some() || one.output_octets.is_some());
    let message = || !request.parties.recipients.is_empty() || context_is(&request.context, "32274@3gpp.org");
    if !seconds && (pieces.is_some() || (!octets && message())) {
        return Amount::new(Unit::Pieces, pieces.unwrap_or(1).max(1));
    }
    if octets && !seconds {
        return Amount::new(Unit::Octets, OCTETS);
    }
    Amount::new(Unit::Seconds, u64::from(SECONDS))
}

fn context_is(context: &str, end: &str) -> bool {
    let start = context.len().checked_sub(end.len());
    start
        .and_then(|start| context.as_bytes().get(start..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::answer::FinalUnit;
    use crate::charging::decide::tests::world::{Ask, group, octets, pieces, seconds, tariff};
    use crate::charging::request::QuotaKey;

    fn answered(ask: &Ask) -> Option<Answer> {
        emergency(&ask.0, &tariff().numbers)
    }

    fn call(kind: Kind) -> Ask {
        Ask::voice(kind, "v", 0, "tel:112")
    }

    fn whole() -> QuotaKey {
        QuotaKey::default()
    }

    #[test]
    fn a_call_to_an_emergency_number_is_granted_from_the_request_alone() {
        let answer = answered(&call(Kind::Initial).ask(whole())).unwrap();
        assert_eq!(answer.outcome, Outcome::Done);
        let grant = answer.parts[0].grant.as_ref().unwrap();
        assert_eq!(grant.amount, Amount::new(Unit::Seconds, 3_600));
        assert_eq!((grant.validity_secs, &grant.final_unit), (Some(3_600), &None::<FinalUnit>));
    }

    #[test]
    fn the_called_or_the_requested_party_or_a_recipient_makes_an_emergency() {
        let mut requested = Ask::voice(Kind::Initial, "v", 0, "+77010000099").ask(whole());
        requested.0.parties.requested = Some("urn:service:sos.fire".into());
        assert!(answered(&requested).is_some());
        assert!(answered(&Ask::sms("e", &["77051112233", "112"])).is_some());
        assert!(answered(&call(Kind::Initial).role(Role::Forwarding)).is_some());
        for number in ["1123", "+77051110112", "tel:7112", "9090"] {
            assert_eq!(answered(&Ask::voice(Kind::Initial, "v", 0, number).ask(whole())), None, "{number}");
        }
    }

    #[test]
    fn a_call_from_an_emergency_number_is_an_incoming_call() {
        assert_eq!(answered(&call(Kind::Initial).role(Role::Terminating).ask(whole())), None);
    }

    #[test]
    fn an_update_gets_what_it_asks_for_and_the_end_has_no_parts() {
        let update = call(Kind::Update).more(whole(), seconds(60)).used(group(9), seconds(1));
        let answer = answered(&update).unwrap();
        let granted: Vec<_> = answer.parts.iter().map(|part| part.grant.is_some()).collect();
        assert_eq!(granted, [true, false]);
        let end = answered(&call(Kind::Terminate).used(whole(), seconds(60))).unwrap();
        assert_eq!((end.outcome, end.parts.len()), (Outcome::Done, 0));
    }

    #[test]
    fn the_grant_is_in_what_the_client_counts() {
        let counted = |ask: Ask| answered(&ask).unwrap().parts[0].grant.as_ref().unwrap().amount;
        assert_eq!(counted(Ask::sms("e", &["112"]).ask(whole())), Amount::new(Unit::Pieces, 1));
        assert_eq!(
            counted(Ask::sms("e", &["112"]).ask_for(whole(), pieces(3))),
            Amount::new(Unit::Pieces, 3)
        );
        assert_eq!(
            counted(call(Kind::Initial).ask_for(whole(), octets(5))),
            Amount::new(Unit::Octets, OCTETS)
        );
        let both = call(Kind::Update).ask_for(whole(), seconds(5));
        assert_eq!(counted(both).unit, Unit::Seconds);
    }

    #[test]
    fn a_message_is_an_event_without_validity() {
        let answer = answered(&Ask::sms("e", &["103"]).ask(whole())).unwrap();
        assert_eq!(answer.parts[0].grant.as_ref().unwrap().validity_secs, None);
    }

    #[test]
    fn no_action_of_an_event_to_an_emergency_number_is_an_error() {
        let of = |action| {
            let mut ask = Ask::sms("e", &["112"]).ask(whole());
            ask.0.kind = Kind::Event(action);
            answered(&ask).unwrap()
        };
        let told = |answer: &Answer| answer.extra.as_deref().map(|extra| (extra.enough, extra.cost));
        for action in [Action::Debit, Action::Refund, Action::CheckBalance, Action::PriceEnquiry] {
            assert_eq!(of(action).outcome, Outcome::Done, "{action:?}");
        }
        assert_eq!(told(&of(Action::CheckBalance)), Some((Some(true), None)));
        assert_eq!(told(&of(Action::PriceEnquiry)), Some((None, Some(Money::ZERO))));
        assert_eq!(told(&of(Action::Refund)), None);
    }

    #[test]
    fn two_parts_of_one_quota_have_one_answer_and_none_is_invented() {
        let answer = answered(&call(Kind::Initial).ask(whole()).ask(whole())).unwrap();
        assert_eq!(answer.parts.len(), 1);
        assert_eq!(answered(&call(Kind::Initial)).unwrap().parts.len(), 0);
    }
}
