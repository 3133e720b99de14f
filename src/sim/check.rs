//! Rules that look-alikes hold answers to, to be put together by each make.

use super::ask::{Ask, Want};
use super::heard::{Granted, Heard, Last, Offer};
use super::manners::{Level, Make, Service};
use super::objection::{Objection, Rule};
use super::words;
use crate::diameter::header::{CommandCode, HEADER_OCTETS, Header};
use crate::ro::ccr::RequestType;

/// The Result-Code of success.
pub const SUCCESS: u32 = 2_001;

type Checked = Result<(), Objection>;

/// What every gateway looks at: the answer is one to this request, and what agents put into the request is back.
pub fn belongs(make: &dyn Make, ask: &Ask, heard: &Heard<'_>) -> Checked {
    let header = heard.message().header();
    let is_answer = !header.flags.is_request() && header.command == CommandCode::CREDIT_CONTROL;
    Objection::unless(
        is_answer,
        Rule::Belongs,
        format_args!("a message of command {}", header.command.get()),
    )?;
    let session = heard.text(263);
    let same = session == Some(ask.session.as_ref());
    Objection::unless(same, Rule::Belongs, format_args!("Session-Id {:?}", session.unwrap_or_default()))?;
    let kind = u32::try_from(ask.kind.value()).ok();
    for (code, asked) in [(416, kind), (415, Some(ask.number))] {
        let told = heard.word(code);
        let echoed = told.is_none() || told == asked;
        Objection::unless(echoed, Rule::Belongs, format_args!("AVP {code} of {told:?}"))?;
    }
    let header = Header { flags: header.flags, ..header };
    let sent: Vec<_> =
        make.agents().iter().filter(|avp| avp.key == words::code::PROXY_INFO.key).cloned().collect();
    let octets = words::message(header, &sent);
    let back: Vec<u8> = heard.message().all(words::code::PROXY_INFO.key).flat_map(padded).collect();
    let same = octets.get(HEADER_OCTETS..) == Some(back.as_slice());
    Objection::unless(same, Rule::Proxies, format_args!("{} octets of them", back.len()))
}

fn padded(avp: crate::diameter::avp::Avp<'_>) -> Vec<u8> {
    let mut octets = avp.octets().to_vec();
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

/// These AVPs stand at command level.
pub fn whole(heard: &Heard<'_>, codes: &[u32]) -> Checked {
    let missing = codes.iter().find(|code| !heard.has(**code));
    missing.map_or(Ok(()), |code| Err(Objection::new(Rule::Whole, format_args!("no AVP {code}"))))
}

/// Session-Id stands first.
pub fn session_first(heard: &Heard<'_>) -> Checked {
    let first = heard.message().avps().next().map(|avp| avp.key().code);
    Objection::unless(first == Some(263), Rule::SessionFirst, format_args!("AVP {first:?}"))
}

/// No AVP with the M bit is unknown.
pub fn known(heard: &Heard<'_>) -> Checked {
    let strange = heard.stranger();
    strange.map_or(Ok(()), |key| Err(Objection::new(Rule::KnownMandatory, format_args!("AVP {key}"))))
}

/// In no quota an AVP stands twice that may stand once, and no quota is there twice.
pub fn once(heard: &Heard<'_>) -> Checked {
    let offers = heard.offers();
    if let Some(key) = offers.iter().find_map(|offer| offer.twice) {
        return Err(Objection::new(Rule::Once, format_args!("AVP {key} twice in a quota")));
    }
    let again = offers.iter().enumerate().find(|(at, offer)| {
        offers.iter().skip(at.saturating_add(1)).any(|other| same(other, offer.group, &offer.services))
    });
    again.map_or(Ok(()), |(_, offer)| {
        Err(Objection::new(Rule::Once, format_args!("two quotas of group {:?}", offer.group)))
    })
}

/// Whether two identities of a quota are one; Service-Identifiers in any order.
pub fn same(offer: &Offer, group: Option<u32>, services: &[u32]) -> bool {
    let both = offer.services.iter().all(|one| services.contains(one))
        && services.iter().all(|one| offer.services.contains(one));
    offer.group == group && both
}

/// The quotas of an answer that says yes, each with what was asked for it.
pub fn offers<'a>(ask: &'a Ask, heard: &Heard<'_>, level: Level) -> Vec<(Offer, Option<&'a Want>)> {
    match level {
        Level::Command => heard.command().map(|offer| (offer, ask.wants.first())).into_iter().collect(),
        Level::PerGroup | Level::Nothing => {
            let wanted =
                |offer: &Offer| ask.wants.iter().find(|want| same(offer, want.group, &want.services));
            heard.offers().into_iter().map(|offer| (offer.clone(), wanted(&offer))).collect()
        }
    }
}

/// Every quota is one that was asked about, and each that was is there.
pub fn groups(ask: &Ask, heard: &Heard<'_>) -> Checked {
    for (offer, want) in offers(ask, heard, Level::PerGroup) {
        let found = format_args!("an answer for group {:?} {:?}", offer.group, offer.services);
        Objection::unless(want.is_some(), Rule::Groups, found)?;
    }
    if heard.code() != SUCCESS || ask.kind == RequestType::Termination {
        return Ok(());
    }
    let offers = heard.offers();
    let unanswered =
        ask.wants.iter().find(|want| !offers.iter().any(|offer| same(offer, want.group, &want.services)));
    unanswered.map_or(Ok(()), |want| {
        Err(Objection::new(Rule::Groups, format_args!("nothing for group {:?}", want.group)))
    })
}

/// Where quota was asked for, success is quota in the unit that is metered, or a final unit that limits at once.
pub fn quota(ask: &Ask, heard: &Heard<'_>, level: Level, service: Service) -> Checked {
    if heard.code() != SUCCESS || ask.kind == RequestType::Termination {
        return Ok(());
    }
    if level == Level::Command && asked(ask.wants.first()) && heard.command().is_none() {
        return Err(Objection::new(Rule::Quota, "success and no units"));
    }
    for (offer, want) in offers(ask, heard, level) {
        let succeeds = level == Level::Command || offer.code == Some(SUCCESS);
        if !succeeds || !asked(want) {
            continue;
        }
        match (&offer.granted, offer.last) {
            (None, Some(Last::Redirect | Last::Restrict)) => {}
            (None, _) => {
                return Err(Objection::new(
                    Rule::Quota,
                    format_args!("success and no units for group {:?}", offer.group),
                ));
            }
            (Some(granted), last) => {
                let count = metered(granted, service);
                let nothing = *granted == Granted::default() || count == Some(0);
                let found = "a grant of nothing";
                Objection::unless(!nothing || last.is_some(), Rule::NotEmpty, found)?;
                Objection::unless(count.is_some() || nothing, Rule::Unit, format_args!("{granted:?}"))?;
            }
        }
    }
    Ok(())
}

fn asked(want: Option<&Want>) -> bool {
    want.is_some_and(|want| want.asks.is_some())
}

/// How much a grant is, in the unit that a service is metered in.
pub fn metered(granted: &Granted, service: Service) -> Option<u64> {
    match service {
        Service::Data => granted.total.or_else(|| {
            let both = granted.input.unwrap_or(0).checked_add(granted.output.unwrap_or(0));
            (granted.input.is_some() || granted.output.is_some()).then_some(both?)
        }),
        Service::Voice => granted.seconds,
        Service::Messages => granted.pieces,
    }
}

/// A grant has no other unit than the one that is metered.
pub fn one_unit(heard: &Heard<'_>, service: Service) -> Checked {
    for offer in heard.offers() {
        let Some(granted) = offer.granted else { continue };
        let plain = match service {
            Service::Data => Granted { total: granted.total, ..Granted::default() },
            Service::Voice => Granted { seconds: granted.seconds, ..Granted::default() },
            Service::Messages => Granted { pieces: granted.pieces, ..Granted::default() },
        };
        Objection::unless(plain == granted, Rule::Unit, format_args!("{granted:?}"))?;
    }
    Ok(())
}

/// Every quota has a Result-Code.
pub fn quota_code(heard: &Heard<'_>) -> Checked {
    let without = heard.offers().into_iter().find(|offer| offer.code.is_none());
    without.map_or(Ok(()), |offer| {
        Err(Objection::new(Rule::QuotaCode, format_args!("none for group {:?}", offer.group)))
    })
}

/// No grant stands beside a refusal, in a quota or above it.
pub fn refusals(heard: &Heard<'_>) -> Checked {
    let refused = |code: Option<u32>| code.is_some_and(|code| code != SUCCESS);
    let above = refused(heard.word(268));
    let beside = |offer: &Offer| offer.granted.is_some() && (above || refused(offer.code));
    let found = heard.offers().into_iter().chain(heard.command()).find(beside);
    found.map_or(Ok(()), |offer| {
        let found = format_args!("a grant beside {:?}", offer.code.or(heard.word(268)));
        Err(Objection::new(Rule::NoGrantBesideRefusal, found))
    })
}

/// A Validity-Time is not zero, and every grant has one.
pub fn validity(heard: &Heard<'_>) -> Checked {
    for offer in heard.offers().into_iter().chain(heard.command()) {
        let needed = offer.granted.is_some();
        let fits = offer.validity.map_or(!needed, |seconds| seconds > 0);
        Objection::unless(fits, Rule::Validity, format_args!("{:?} s", offer.validity))?;
    }
    Ok(())
}

/// Thresholds are below the grant.
pub fn thresholds(heard: &Heard<'_>) -> Checked {
    for offer in heard.offers() {
        let granted = offer.granted.unwrap_or_default();
        let octets = metered(&granted, Service::Data).unwrap_or(0);
        let volume = offer.volume_threshold.is_none_or(|left| u64::from(left) < octets);
        let seconds = granted.seconds.unwrap_or(0);
        let time = offer.time_threshold.is_none_or(|left| u64::from(left) < seconds);
        let found = format_args!("{:?}, {:?}", offer.volume_threshold, offer.time_threshold);
        Objection::unless(volume && time, Rule::Threshold, found)?;
    }
    Ok(())
}

/// A final unit that limits has a Validity-Time.
pub fn limits(heard: &Heard<'_>) -> Checked {
    let limits = |offer: &Offer| matches!(offer.last, Some(Last::Redirect | Last::Restrict));
    let without = heard.offers().into_iter().find(|offer| limits(offer) && offer.validity.is_none());
    without.map_or(Ok(()), |offer| {
        Err(Objection::new(Rule::LimitHasValidity, format_args!("none for group {:?}", offer.group)))
    })
}

/// An announcement before the end of a quota of time comes while the quota lasts.
pub fn announcements(heard: &Heard<'_>) -> Checked {
    for offer in heard.offers() {
        let granted = offer.granted.and_then(|granted| granted.seconds).unwrap_or(0);
        let early =
            offer.announcements.iter().find(|(_, before)| before.is_some_and(|it| u64::from(it) > granted));
        let found = format_args!("{early:?} in {granted} s");
        Objection::unless(early.is_none(), Rule::Announcement, found)?;
    }
    Ok(())
}

/// What RFC 8506 says of the last units is what RFC 4006 said of them.
pub fn both_indications(heard: &Heard<'_>) -> Checked {
    let other = heard.offers().into_iter().find(|offer| offer.last != offer.newer);
    other.map_or(Ok(()), |offer| {
        let found = format_args!("{:?} and {:?}", offer.last, offer.newer);
        Err(Objection::new(Rule::BothIndications, found))
    })
}

/// All of these at once, and the order of the head: what an answer is like that every gateway takes.
pub fn strict(ask: &Ask, heard: &Heard<'_>, level: Level, service: Service) -> Checked {
    session_first(heard)?;
    let head: Vec<u32> = heard.message().avps().take(7).map(|avp| avp.key().code).collect();
    Objection::unless(head == HEAD, Rule::Whole, format_args!("a head of {head:?}"))?;
    known(heard)?;
    once(heard)?;
    if level == Level::PerGroup {
        groups(ask, heard)?;
    }
    quota(ask, heard, level, service)?;
    quota_code(heard)?;
    refusals(heard)?;
    if ask.kind != RequestType::Event {
        validity(heard)?;
    }
    thresholds(heard)?;
    limits(heard)
}

/// The head of an answer, in its order.
pub const HEAD: [u32; 7] = [263, 268, 264, 296, 258, 416, 415];
