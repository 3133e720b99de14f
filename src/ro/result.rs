//! The one place that gives charging's words their Result-Codes (RFC 6733 §7.1, RFC 8506 §9), and a refusal its
//! Failed-AVP.

use bytes::Bytes;

use super::cca::Asked;
use super::fields::Field;
use crate::charging::answer::{Denial, Outcome};
use crate::charging::request::QuotaKey;
use crate::diameter::avp::Avp;
use crate::diameter::error::Fault;
use crate::diameter::result_code::ResultCode;

/// The code of what the server refuses for too much work or for want of its store: the client may try another.
pub const BUSY: ResultCode = ResultCode::TOO_BUSY;
/// The code of anything that went wrong here.
pub const FAILED: ResultCode = ResultCode::UNABLE_TO_COMPLY;
/// The code of free and emergency calls for clients that want it so: no credit control for this session.
pub const FREE: ResultCode = ResultCode::CREDIT_CONTROL_NOT_APPLICABLE;

/// What an outcome is called at command level.
pub const fn command(outcome: Outcome) -> ResultCode {
    match outcome {
        Outcome::Done => ResultCode::SUCCESS,
        Outcome::Denied(denial) => match denial {
            Denial::UnknownSession => ResultCode::UNKNOWN_SESSION_ID,
            Denial::UnknownSubscriber | Denial::Ended => ResultCode::USER_UNKNOWN,
            Denial::Blocked | Denial::NotThere | Denial::ContentBarred => ResultCode::END_USER_SERVICE_DENIED,
            Denial::NoCredit | Denial::Threshold => ResultCode::CREDIT_LIMIT_REACHED,
            Denial::UnknownService | Denial::NoRate | Denial::NoDestination | Denial::NoRefund => {
                ResultCode::RATING_FAILED
            }
            Denial::NotOffered => ResultCode::UNABLE_TO_COMPLY,
            Denial::TooManyGroups => ResultCode::RESOURCES_EXCEEDED,
            Denial::Overflow => ResultCode::INVALID_AVP_VALUE,
        },
    }
}

/// What an outcome is called inside an MSCC. A user or session that is not known is told at command level alone
/// (RFC 8506 §9.2); gateways take any other failure than 4010, 4012 and 5031 there for one of the whole session.
pub const fn quota(outcome: Outcome) -> ResultCode {
    match outcome {
        Outcome::Done => ResultCode::SUCCESS,
        Outcome::Denied(denial) => match denial {
            Denial::NoCredit | Denial::Threshold => ResultCode::CREDIT_LIMIT_REACHED,
            Denial::UnknownService | Denial::NoRate | Denial::NoDestination | Denial::NoRefund => {
                ResultCode::RATING_FAILED
            }
            Denial::UnknownSession
            | Denial::UnknownSubscriber
            | Denial::Ended
            | Denial::Blocked
            | Denial::NotThere
            | Denial::ContentBarred
            | Denial::TooManyGroups => ResultCode::END_USER_SERVICE_DENIED,
            Denial::NotOffered => ResultCode::UNABLE_TO_COMPLY,
            Denial::Overflow => ResultCode::INVALID_AVP_VALUE,
        },
    }
}

/// What Failed-AVP holds for a denial (RFC 8506 §9.2 asks for it with 5031): a copy of the AVP of the request, or an
/// example of the one that is missing, inside the chain of its groups; empty where no AVP is to blame.
pub(super) fn failed_avp(denial: Denial, asked: &Asked<'_>, key: Option<&QuotaKey>) -> Bytes {
    let code = command(Outcome::Denied(denial));
    let fault = match denial {
        Denial::UnknownService => {
            let context = asked.message.find(Field::ServiceContextId.def().key);
            context.map_or_else(|| Field::ServiceContextId.missing(), |avp| avp.fault(code))
        }
        Denial::NoRate => no_rate(asked, key, code),
        Denial::NoDestination => no_destination(asked, code),
        Denial::Overflow => overflow(asked, key, code),
        Denial::NoRefund => no_refund(asked, key, code),
        Denial::UnknownSession
        | Denial::UnknownSubscriber
        | Denial::Ended
        | Denial::Blocked
        | Denial::NotThere
        | Denial::Threshold
        | Denial::ContentBarred
        | Denial::NoCredit
        | Denial::NotOffered
        | Denial::TooManyGroups => return Bytes::new(),
    };
    fault.failed_avp
}

/// The MSCC of the request that asked for this quota; the first where no quota is named.
fn asked_for<'a>(asked: &Asked<'a>, key: Option<&QuotaKey>) -> Option<Avp<'a>> {
    let mut msccs = asked.message.all(Field::MultipleServicesCreditControl.def().key);
    let Some(key) = key else { return msccs.next() };
    msccs.find(|mscc| {
        let group = mscc.find(Field::RatingGroup.def().key).and_then(|avp| avp.u32().ok());
        let services = || {
            let named = mscc.children().filter(|avp| avp.key() == Field::ServiceIdentifier.def().key);
            named.filter_map(|avp| avp.u32().ok())
        };
        group == key.rating_group
            && services().all(|service| key.services.contains(&service))
            && key.services.iter().all(|service| services().any(|named| named == *service))
    })
}

/// The rating group, else the service identifier, else an example of the rating group that was not given.
fn no_rate(asked: &Asked<'_>, key: Option<&QuotaKey>, code: ResultCode) -> Fault {
    let fields = [Field::RatingGroup, Field::ServiceIdentifier];
    let Some(mscc) = asked_for(asked, key) else {
        let named = fields.iter().find_map(|field| asked.message.find(field.def().key));
        return named.map_or_else(|| Field::RatingGroup.missing(), |avp| avp.fault(code));
    };
    let named = fields.iter().find_map(|field| mscc.find(field.def().key));
    named.map_or_else(|| Field::RatingGroup.missing_in(&mscc), |avp| avp.fault(code))
}

/// The token, or an example of the one that is missing, in the MSCC where there is one.
fn no_refund(asked: &Asked<'_>, key: Option<&QuotaKey>, code: ResultCode) -> Fault {
    let field = Field::RefundInformation;
    if let Some(mscc) = asked_for(asked, key) {
        let token = mscc.find(field.def().key);
        return token.map_or_else(|| field.missing_in(&mscc), |avp| avp.fault(code));
    }
    asked.message.find(field.def().key).map_or_else(|| field.missing(), |avp| avp.fault(code))
}

/// The called address; or an example of it, in the group of the request where it belongs.
fn no_destination(asked: &Asked<'_>, code: ResultCode) -> Fault {
    let ways: [&[Field]; 4] = [
        &[Field::ImsInformation, Field::CalledPartyAddress],
        &[Field::SmsInformation, Field::RecipientInfo, Field::RecipientAddress, Field::AddressData],
        &[Field::MmsInformation, Field::RecipientAddress, Field::AddressData],
        &[Field::VcsInformation, Field::CalledPartyAddress],
    ];
    let information = asked.message.find(Field::ServiceInformation.def().key);
    for way in ways {
        let [group, inner @ ..] = way else { continue };
        let start = information.and_then(|around| around.find(group.def().key));
        if let Some(start) = start {
            return descend(start, inner, code);
        }
    }
    let address = asked.message.find(Field::CalledPartyAddress.def().key);
    let example = || {
        let example = Field::CalledPartyAddress.missing();
        example.within(Field::ImsInformation.def()).within(Field::ServiceInformation.def())
    };
    address.map_or_else(example, |avp| avp.fault(code))
}

/// The AVP at the end of the way from `group`, or an example of the first that is missing on it.
fn descend(group: Avp<'_>, way: &[Field], code: ResultCode) -> Fault {
    let [field, rest @ ..] = way else { return group.fault(code) };
    match group.find(field.def().key) {
        Some(inner) => descend(inner, rest, code),
        None => field.missing_in(&group),
    }
}

/// What was reported or asked for in units that are too many.
fn overflow(asked: &Asked<'_>, key: Option<&QuotaKey>, code: ResultCode) -> Fault {
    let units = [Field::UsedServiceUnit, Field::RequestedServiceUnit];
    let found = match asked_for(asked, key) {
        Some(mscc) => units.iter().find_map(|field| mscc.find(field.def().key)).or(Some(mscc)),
        None => units.iter().find_map(|field| asked.message.find(field.def().key)),
    };
    found.map_or_else(|| Field::RequestedServiceUnit.missing(), |avp| avp.fault(code))
}
