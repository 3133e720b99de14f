//! Which check refused, and what would lift it: for whoever is asked at night why a call did not go out.

use crate::charging::answer::Denial;
use crate::charging::units::Digits;
use crate::engine::control::{Bar, Hindrance, Refusal, Why};

/// The check that refused, with what it has found; `sentence` is what is said of the reason in general.
pub(super) fn check(refusal: &Refusal, sentence: &str) -> String {
    let Some(found) = refusal.hindrance.as_deref() else { return sentence.into() };
    match refusal.why {
        Why::Denied(Denial::Blocked) => {
            let bars: Vec<String> = found.bars.iter().map(bar).collect();
            if bars.is_empty() { sentence.into() } else { bars.join("; ") }
        }
        Why::Denied(Denial::NoCredit) | Why::Limited | Why::Last => credit(found),
        Why::Denied(Denial::NoRate) => format!("the plan {} has no rate for it", found.plan),
        Why::Denied(_) => sentence.into(),
    }
}

fn bar(bar: &Bar) -> String {
    match bar {
        Bar::Area => "the area in which it is used is stopped".into(),
        Bar::Block(reason) => format!("block {} leaves this not working", reason.as_str()),
        Bar::Subscriber(service) => format!("the subscriber has barred {service}"),
    }
}

fn credit(found: &Hindrance) -> String {
    if found.overdue {
        return "an invoice is unpaid beyond its due date".into();
    }
    if !found.money {
        return "the bundles are used up, and money is not to pay after them".into();
    }
    match &found.least {
        Some((rate, least)) => {
            let spendable = found.spendable;
            format!(
                "{spendable} may be spent, and the least that is sold by {rate} of {} costs {least}",
                found.plan
            )
        }
        None => format!("the plan {} has no price for it, and its bundles are used up", found.plan),
    }
}

/// What would lift it.
pub(super) fn lift(refusal: &Refusal, msisdn: Digits) -> String {
    let found = refusal.hindrance.as_deref();
    match (refusal.why, found) {
        (Why::Denied(Denial::Blocked), Some(found)) => {
            let lifts: Vec<String> = found.bars.iter().map(|bar| unbar(bar, msisdn)).collect();
            lifts.join("; ")
        }
        (Why::Denied(Denial::NoCredit) | Why::Limited | Why::Last, Some(found)) => pay(found, msisdn),
        (Why::Denied(Denial::Ended), _) => "nothing: the number needs a new contract".into(),
        (Why::Denied(Denial::UnknownService), _) => {
            "a service with that context in the tariff, or another Service-Context-Id of the client".into()
        }
        (Why::Denied(Denial::NoRate), _) => "a rate for it in the tariff, or another plan".into(),
        (Why::Denied(Denial::NoDestination), _) => {
            "a called number that the client sends, or a rate for all numbers".into()
        }
        (Why::Denied(Denial::NotThere), _) => "a plan that sells roaming there, or another network".into(),
        (Why::Denied(Denial::Threshold), _) => {
            format!("`gyro account topup {msisdn}`, up to what the tariff asks for a trip abroad")
        }
        (Why::Denied(Denial::ContentBarred), _) => {
            format!(
                "`gyro subscriber set {msisdn} --unbar content:NAME` with the name of the content service"
            )
        }
        (Why::Denied(Denial::UnknownSession), _) => "the client opens a new session".into(),
        (Why::Denied(Denial::NoRefund), _) => "nothing, where it was given back before".into(),
        (Why::Denied(_), _) | (_, None) => "another request of the client".into(),
    }
}

fn unbar(bar: &Bar, msisdn: Digits) -> String {
    match bar {
        Bar::Area => "`gyro block remove --area PLMN` (see `gyro block list --areas`)".into(),
        Bar::Block(reason) => format!("`gyro block remove {msisdn} --reason {}`", reason.as_str()),
        Bar::Subscriber(service) => format!("`gyro subscriber set {msisdn} --unbar {service}`"),
    }
}

fn pay(found: &Hindrance, msisdn: Digits) -> String {
    if found.overdue {
        return "payment of the invoice".into();
    }
    if !found.money {
        return format!(
            "`gyro subscriber set {msisdn} --overage on`, or a plan whose bundle goes on at its rates"
        );
    }
    let Some((_, least)) = &found.least else { return "a price for it in the plan".into() };
    let short = least.checked_sub(found.spendable).filter(|short| short.is_positive());
    match short {
        Some(short) => format!(
            "`gyro account topup {msisdn} {short}` or more, or what other sessions hold being released"
        ),
        None => format!("`gyro account topup {msisdn}`, for more than what is left now"),
    }
}
