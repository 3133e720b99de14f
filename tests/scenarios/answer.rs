//! What is expected of an answer, and whether it is so.

use std::time::Duration;

use gyro::charging::request::Measured;
use gyro::charging::units::Money;
use gyro::diameter::result_code::ResultCode;
use gyro::ro::cca::Cca;
use gyro::ro::final_unit::{FinalAction, Fui};

use crate::lex::{At, Cursor, Mistake, Read};
use crate::values::{self, Moment, Units, shown, shown_measured};

/// What is expected of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// It never arrives: nothing is looked at.
    Lost,
    Answer {
        code: u32,
        at: At,
        claims: Vec<(At, Claim)>,
    },
}

/// What happens when the last units are used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Last {
    Terminate,
    Redirect(String),
    Restrict(String),
}

/// One thing that is expected.
#[derive(Clone, Debug)]
pub(crate) enum Claim {
    /// What follows is about the part of this group.
    Group(u32),
    /// What follows is about the part of this service.
    Service(u32),
    Granted(Units),
    NoGrant,
    Last(Last),
    Limited(Last),
    Refused(u32),
    Validity(Duration),
    Threshold(Units),
    NoThreshold,
    Holding(Duration),
    Change(Moment),
    Announcement(u32),
    Message(String),
    NoMessage,
    Cost(Money),
    Enough(bool),
    Remaining(Money),
    LowBalance(bool),
    Total(Money),
}

const CLAIMS: &str = "one of granted, no grant, final, limited, refused, validity, threshold, no threshold, holding, \
                      change, announcement, group, service-id, message, no message, cost, enough, not enough, \
                      remaining, low balance, no low balance, total";

impl Expected {
    /// Without a word said, an answer is to be a success.
    pub(crate) fn success(at: At) -> Self {
        Self::Answer { code: 2_001, at, claims: Vec::new() }
    }

    pub(crate) fn read(mut words: Cursor<'_>) -> Read<Self> {
        if words.takes("lost") {
            if words.is_done() {
                return Ok(Self::Lost);
            }
            return Err(Mistake::new(words.at(), "nothing follows `lost`: nobody sees that answer"));
        }
        let at = words.at();
        let code = values::number(&mut words, "`lost` or a Result-Code like 2001")?;
        let mut claims = Vec::new();
        while !words.is_done() {
            claims.push((words.at(), Claim::read(&mut words)?));
        }
        Ok(Self::Answer { code, at, claims })
    }
}

impl Last {
    fn read(words: &mut Cursor<'_>) -> Read<Self> {
        let what = "terminate, redirect ADDRESS or restrict FILTER";
        let word = words.word(what)?;
        match word.text.as_str() {
            "terminate" => Ok(Self::Terminate),
            "redirect" => Ok(Self::Redirect(words.word("an address")?.text.clone())),
            "restrict" => Ok(Self::Restrict(words.word("the name of a filter")?.text.clone())),
            other => Err(Mistake::unlike(word.at, what, format_args!("{other:?}"))),
        }
    }

    fn of(unit: &Fui<'_>) -> String {
        match unit.action {
            FinalAction::Terminate => "terminate".into(),
            FinalAction::Redirect => {
                format!("redirect {}", unit.redirect.map(|server| server.address).unwrap_or_default())
            }
            FinalAction::RestrictAccess => format!("restrict {}", unit.filters.join(" ")),
            FinalAction::Other(number) => format!("action {number}"),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Terminate => "terminate".into(),
            Self::Redirect(to) => format!("redirect {to}"),
            Self::Restrict(filter) => format!("restrict {filter}"),
        }
    }
}

impl Claim {
    fn read(words: &mut Cursor<'_>) -> Read<Self> {
        let word = words.word(CLAIMS)?;
        Ok(match word.text.as_str() {
            "group" => Self::Group(values::number(words, "the number of a rating group")?),
            "service-id" => Self::Service(values::number(words, "a service identifier")?),
            "granted" => Self::Granted(values::units(words)?),
            "final" => Self::Last(Last::read(words)?),
            "limited" => Self::Limited(Last::read(words)?),
            "refused" => Self::Refused(values::number(words, "a Result-Code like 4012")?),
            "validity" => Self::Validity(values::span(words)?),
            "threshold" => Self::Threshold(values::units(words)?),
            "holding" => Self::Holding(values::span(words)?),
            "change" => Self::Change(values::moment(words)?),
            "announcement" => Self::Announcement(values::number(words, "the number of an announcement")?),
            "message" => Self::Message(words.word("a text in quotation marks")?.text.clone()),
            "cost" => Self::Cost(values::money(words)?),
            "enough" => Self::Enough(true),
            "remaining" => Self::Remaining(values::money(words)?),
            "total" => Self::Total(values::money(words)?),
            "low" if words.takes("balance") => Self::LowBalance(true),
            "not" if words.takes("enough") => Self::Enough(false),
            "no" if words.takes("grant") => Self::NoGrant,
            "no" if words.takes("message") => Self::NoMessage,
            "no" if words.takes("threshold") => Self::NoThreshold,
            "no" if words.takes_all(&["low", "balance"]) => Self::LowBalance(false),
            other => return Err(Mistake::unlike(word.at, CLAIMS, format_args!("{other:?}"))),
        })
    }
}

/// What an answer says of one quota, or of the units at command level.
struct Part<'a> {
    group: Option<u32>,
    services: Vec<u32>,
    code: u32,
    granted: Option<Measured>,
    last: Option<&'a Fui<'a>>,
    validity: Option<u32>,
    thresholds: [Option<u32>; 3],
    holding: Option<u32>,
    change: Option<gyro::time::Timestamp>,
    announcements: Vec<u32>,
}

impl Part<'_> {
    fn name(&self) -> String {
        match (self.group, self.services.first()) {
            (Some(group), _) => format!("group {group}"),
            (None, Some(service)) => format!("service-id {service}"),
            (None, None) => "the answer".into(),
        }
    }

    fn threshold(&self) -> Option<String> {
        let units = ["seconds", "octets", "pieces"];
        self.thresholds
            .iter()
            .zip(units)
            .find_map(|(count, unit)| count.map(|count| shown(count.into(), unit)))
    }
}

fn parts<'a>(cca: &'a Cca<'a>) -> Vec<Part<'a>> {
    if cca.msccs.is_empty() {
        return vec![Part {
            group: None,
            services: Vec::new(),
            code: cca.result_code.get(),
            granted: cca.granted,
            last: cca.final_unit.as_ref(),
            validity: cca.validity,
            thresholds: [None; 3],
            holding: None,
            change: None,
            announcements: Vec::new(),
        }];
    }
    let of = |mscc: &'a gyro::ro::mscc::MsccAnswer<'a>| Part {
        group: mscc.rating_group,
        services: mscc.services.to_vec(),
        code: mscc.result_code.map_or(0, ResultCode::get),
        granted: mscc.granted,
        last: mscc.final_unit.as_ref(),
        validity: mscc.validity,
        thresholds: [mscc.time_threshold, mscc.volume_threshold, mscc.unit_threshold],
        holding: mscc.holding_time,
        change: mscc.tariff_change,
        announcements: mscc.announcements.iter().map(|announcement| announcement.id).collect(),
    };
    cca.msccs.iter().map(of).collect()
}

fn or_none(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "none".into(), |text| text.to_string())
}

/// Holds an answer to what is expected. What is not expected may not be there: a part that was refused, and a grant
/// that is the last.
pub(crate) fn check(code: u32, at: At, claims: &[(At, Claim)], cca: &Cca<'_>, zone: &str) -> Read<()> {
    let found = cca.result_code.get();
    if found != code {
        let why = cca.error_message.map(|text| format!(" ({text})")).unwrap_or_default();
        return Err(Mistake::unlike(at, code, format_args!("{found}{why}")));
    }
    let parts = parts(cca);
    let mut part = if parts.len() == 1 { Some(0) } else { None };
    let mut told: Vec<bool> = parts.iter().map(|part| part.code == 2_001 || code != 2_001).collect();
    let (mut granted, mut last) = (vec![None; parts.len()], vec![false; parts.len()]);
    for (at, claim) in claims {
        let at = *at;
        match claim {
            Claim::Group(_) | Claim::Service(_) => {
                let is = |found: &Part<'_>| match claim {
                    Claim::Group(group) => found.group == Some(*group),
                    Claim::Service(service) => found.services.contains(service),
                    _ => false,
                };
                let names: Vec<String> = parts.iter().map(Part::name).collect();
                let place = parts.iter().position(is);
                part = Some(place.ok_or_else(|| {
                    Mistake::unlike(at, "a part of that name", format_args!("parts of {}", names.join(", ")))
                })?);
                continue;
            }
            _ => {}
        }
        if whole(at, claim, cca)? {
            continue;
        }
        let Some(place) = part else {
            let names: Vec<String> = parts.iter().map(Part::name).collect();
            let message = format!("say of which part: the answer has {}", names.join(", "));
            return Err(Mistake::new(at, message));
        };
        match claim {
            Claim::Granted(_) => granted[place] = Some(at),
            Claim::Last(_) | Claim::Limited(_) => last[place] = true,
            Claim::Refused(_) => told[place] = true,
            _ => {}
        }
        of_part(at, claim, &parts[place], zone)?;
    }
    for (place, part) in parts.iter().enumerate() {
        if !told[place] {
            let found = format!("{} refused {}", part.name(), part.code);
            return Err(Mistake::unlike(at, "no part refused that is not named", found));
        }
        if let (Some(at), Some(unit), false) = (granted[place], part.last, last[place]) {
            let found = format!("{} final {}", part.name(), Last::of(unit));
            return Err(Mistake::unlike(at, "a grant that is not the last", found));
        }
    }
    Ok(())
}

/// What is said of an answer as a whole; whether the claim was of that kind.
fn whole(at: At, claim: &Claim, cca: &Cca<'_>) -> Read<bool> {
    let money = |name: &str, wanted: &Money, found: Option<Money>| match found {
        Some(found) if found == *wanted => Ok(true),
        found => Err(Mistake::unlike(at, format_args!("{name} {wanted}"), or_none(found))),
    };
    match claim {
        Claim::Message(text) => match cca.error_message {
            Some(found) if found.contains(text.as_str()) => Ok(true),
            found => Err(Mistake::unlike(at, format_args!("a message with {text:?}"), or_none(found))),
        },
        Claim::NoMessage => match cca.error_message {
            None => Ok(true),
            Some(found) => Err(Mistake::unlike(at, "no message", format_args!("{found:?}"))),
        },
        Claim::Cost(wanted) => money("cost", wanted, cca.cost),
        Claim::Remaining(wanted) => money("remaining", wanted, cca.remaining),
        Claim::Total(wanted) => money("total", wanted, cca.accumulated),
        Claim::Enough(wanted) => match (cca.balance_check, wanted) {
            (Some(0), true) | (Some(1), false) => Ok(true),
            (found, _) => {
                let wanted = if *wanted { "enough" } else { "not enough" };
                let found = found.map(|found| if found == 0 { "enough" } else { "not enough" });
                Err(Mistake::unlike(at, wanted, or_none(found)))
            }
        },
        Claim::LowBalance(wanted) => {
            let found = cca.low_balance == Some(1);
            let words = |low| if low { "low balance" } else { "no low balance" };
            if found == *wanted { Ok(true) } else { Err(Mistake::unlike(at, words(*wanted), words(found))) }
        }
        _ => Ok(false),
    }
}

fn of_part(at: At, claim: &Claim, part: &Part<'_>, zone: &str) -> Read<()> {
    let unlike = |wanted: String, found: String| Err(Mistake::unlike(at, wanted, found));
    let secs = |name: &str, wanted: &Duration, found: Option<u32>| {
        if found.is_some_and(|found| u64::from(found) == wanted.as_secs()) {
            return Ok(());
        }
        unlike(format!("{name} {}s", wanted.as_secs()), or_none(found.map(|found| format!("{found}s"))))
    };
    match claim {
        Claim::Granted(wanted) => {
            let text = shown_measured(&wanted.measured());
            match part.granted {
                Some(found) if found == wanted.measured() => Ok(()),
                Some(found) => {
                    unlike(format!("granted {text}"), format!("granted {}", shown_measured(&found)))
                }
                None => unlike(format!("granted {text}"), format!("no grant, code {}", part.code)),
            }
        }
        Claim::NoGrant => match part.granted {
            None => Ok(()),
            Some(found) => unlike("no grant".into(), format!("granted {}", shown_measured(&found))),
        },
        Claim::Last(wanted) | Claim::Limited(wanted) => {
            let limits = matches!(claim, Claim::Limited(_));
            let name = if limits { "limited" } else { "final" };
            let found = part.last.map(Last::of);
            let right = found.as_ref() == Some(&wanted.text()) && part.granted.is_some() != limits;
            let grant =
                part.granted.map_or("no grant".into(), |found| format!("granted {}", shown_measured(&found)));
            if right {
                Ok(())
            } else {
                unlike(format!("{name} {}", wanted.text()), format!("{} with {grant}", or_none(found)))
            }
        }
        Claim::Refused(wanted) if part.code == *wanted => Ok(()),
        Claim::Refused(wanted) => unlike(format!("refused {wanted}"), format!("code {}", part.code)),
        Claim::Validity(wanted) => secs("validity", wanted, part.validity),
        Claim::Holding(wanted) => secs("holding", wanted, part.holding),
        Claim::Threshold(wanted) => {
            let text = shown_measured(&wanted.measured());
            let found = part.threshold();
            if found.as_ref() == Some(&text) {
                Ok(())
            } else {
                unlike(format!("threshold {text}"), or_none(found))
            }
        }
        Claim::NoThreshold => match part.threshold() {
            None => Ok(()),
            Some(found) => unlike("no threshold".into(), format!("threshold {found}")),
        },
        Claim::Change(wanted) => {
            let wanted = wanted.in_zone(zone)?;
            if part.change == Some(wanted) {
                Ok(())
            } else {
                unlike(format!("change {wanted}"), or_none(part.change))
            }
        }
        Claim::Announcement(wanted) => {
            let found: Vec<String> = part.announcements.iter().map(u32::to_string).collect();
            let is = part.announcements.contains(wanted);
            if is {
                Ok(())
            } else {
                unlike(format!("announcement {wanted}"), format!("{:?}", found.join(", ")))
            }
        }
        _ => Ok(()),
    }
}
