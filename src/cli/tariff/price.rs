//! `gyro tariff price`: what a use would cost, rule by rule: where it goes, which rate that has then, which bundles
//! pay, how units are rounded, what each tier costs, and how the price is rounded. What it comes to is what the server
//! would decide.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use super::{read, show, trial};
use crate::charging::account::Mode;
use crate::charging::catalogue::build::{Document, Given, TrialEvent};
use crate::charging::catalogue::{Catalogue, PlanIx, RateMatch, Service, ServiceIx, Whereabouts};
use crate::charging::free_numbers::{Called, NumberClass};
use crate::charging::ledger::LedgerEntry;
use crate::charging::rating::lookup::Leg;
use crate::charging::rating::price::{self, Scheme};
use crate::charging::request::{Parties, Role};
use crate::charging::units::{Money, Unit};
use crate::cli::{Output, Status, print};
use crate::tariff::Loaded;
use crate::time::{Timestamp, Zone};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// A tariff file, or a folder of *.toml.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// The plan.
    #[arg(long, value_name = "NAME")]
    plan: String,
    /// The service; that of the rating group where none is named.
    #[arg(long, value_name = "NAME", required_unless_present = "group")]
    service: Option<String>,
    /// The number that is called or written to.
    #[arg(long, value_name = "NUMBER")]
    to: Option<String>,
    /// The rating group.
    #[arg(long, value_name = "NUMBER")]
    group: Option<u32>,
    /// How much, as a tariff writes it: 61s, 10MB, 3.
    #[arg(long, value_name = "AMOUNT")]
    units: String,
    /// When it begins, by the clocks of the tariff's zone: 2026-11-23T12:00:00 [default: noon of 5 January 2026].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How long it takes, where it is not counted in seconds [default: no time].
    #[arg(long, value_name = "TIME")]
    lasts: Option<String>,
    /// Which leg: mo, forward or mt.
    #[arg(long, value_name = "LEG", default_value = "mo", value_parser = ["mo", "forward", "mt"])]
    direction: String,
    /// What was used of a bundle: data10=3GB. All of it: data10=all.
    #[arg(long, value_name = "BUNDLE=AMOUNT")]
    used: Vec<String>,
    /// The main balance.
    #[arg(long, value_name = "MONEY", default_value = "1000000")]
    balance: String,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
    output: Output,
}

/// One rule, and what it says here.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
struct Step {
    rule: &'static str,
    says: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
struct Explained {
    plan: String,
    service: String,
    steps: Vec<Step>,
    /// Money that it takes.
    charge: String,
    currency: String,
    /// The Result-Code of the last answer.
    result: u32,
    /// Units that could be used.
    used: String,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let Some(loaded) = read(&args.path, err)? else { return Ok(Status::Configuration) };
    let explained = match asked(args, loaded) {
        Ok((loaded, asked)) => explain(&loaded.catalogue, &asked),
        Err(why) => Err(why),
    };
    let explained = match explained {
        Ok(explained) => explained,
        Err(why) => {
            writeln!(err, "gyro: {why}")?;
            return Ok(Status::Usage);
        }
    };
    match args.output {
        Output::Json => print::json(&explained, out)?,
        Output::Jsonl => print::json_lines(&[explained], out)?,
        Output::Table => {
            let width = explained.steps.iter().map(|step| step.rule.len()).max().unwrap_or(0);
            for Step { rule, says } in &explained.steps {
                writeln!(out, "{rule:width$}  {says}")?;
            }
            let Explained { charge, currency, .. } = &explained;
            writeln!(out, "{:width$}  {charge} {currency}", "charge")?;
        }
    }
    Ok(Status::Done)
}

/// What is asked, in the words of the tariff.
#[derive(Debug)]
struct Asked {
    plan: PlanIx,
    given: Given,
    event: TrialEvent,
}

/// Puts the arguments into the words of a test of the tariff, so that both are read alike.
fn asked(args: &Args, loaded: Loaded) -> Result<(Loaded, Asked), String> {
    let zone = Zone::named(loaded.catalogue.timezone()).unwrap_or(Zone::UTC);
    let at = match &args.at {
        Some(text) => zone.parse(text).ok_or_else(|| {
            format!("--at {text}: a moment is 2026-11-23T12:00:00, or a date for its first moment")
        })?,
        None => zone.parse("2026-01-05T12:00:00").unwrap_or(Timestamp::EPOCH),
    };
    let loaded = loaded.in_force(at);
    let catalogue = &loaded.catalogue;
    let plan = catalogue.plan_named(&args.plan).ok_or_else(|| {
        let plans: Vec<_> = catalogue.plans().map(|(_, plan)| &*plan.name).collect();
        format!("there is no plan {}: there are {}", args.plan, plans.join(", "))
    })?;
    let of_group = args.group.and_then(|group| catalogue.rating_group(group)).map(|group| group.service);
    let service = match (&args.service, of_group) {
        (Some(name), _) => catalogue.service_named(name).ok_or_else(|| {
            let services: Vec<_> = catalogue.services().map(|(_, service)| &*service.name).collect();
            format!("there is no service {name}: there are {}", services.join(", "))
        })?,
        (None, Some(service)) => service,
        (None, None) => return Err("the tariff has no such rating group: name the --service".into()),
    };
    let unit = catalogue.service(service).map_or(Unit::Pieces, |service| service.unit);
    let amount = |text: &str, unit: Unit, flag: &str| {
        Document::amount(text, unit).map_err(|fault| format!("--{flag} {text}: {fault}"))
    };
    let bundles = catalogue.plan(plan).map_or(&[][..], |plan| &plan.bundles);
    let mut used = Vec::new();
    for text in &args.used {
        let (name, count) =
            text.split_once('=').ok_or_else(|| format!("--used {text}: write BUNDLE=AMOUNT"))?;
        let place = bundles.iter().position(|bundle| *bundle.id == *name);
        let found = place.and_then(|place| Some((place, bundles.get(place)?)));
        let (place, bundle) = found.ok_or_else(|| format!("--used {text}: the plan has no bundle {name}"))?;
        let count = match count {
            "all" => bundle.amount.count,
            "0" => 0,
            text => amount(text, bundle.amount.unit, "used")?,
        };
        used.push((place, count));
    }
    let balance =
        crate::admin::json::amount::parse(&args.balance).map_err(|error| format!("--balance: {error}"))?;
    let mode = catalogue.plan(plan).and_then(|plan| plan.modes.first().copied()).unwrap_or(Mode::Advance);
    let given =
        Given { balance, mode, credit_limit: Money::ZERO, overdraft: Money::ZERO, used, overage: true, at };
    let event = TrialEvent {
        service,
        to: args.to.as_deref().map(Box::from),
        units: amount(&args.units, unit, "units")?,
        rating_group: args.group,
        role: match args.direction.as_str() {
            "mt" => Role::Terminating,
            "forward" => Role::Forwarding,
            _ => Role::Originating,
        },
        radio: None,
        after_secs: 0,
        lasts_secs: args.lasts.as_deref().map(|text| amount(text, Unit::Seconds, "lasts")).transpose()?,
    };
    Ok((loaded, Asked { plan, given, event }))
}

fn explain(catalogue: &Catalogue, asked: &Asked) -> Result<Explained, String> {
    let Asked { plan, given, event } = asked;
    let words = catalogue.plan(*plan).ok_or("there is no such plan")?;
    let owner = event.rating_group.and_then(|group| catalogue.rating_group(group)).map(|group| group.service);
    let place = owner.unwrap_or(event.service);
    let service = catalogue.service(place).ok_or("there is no such service")?;
    let ran = trial::run(catalogue, *plan, given, core::slice::from_ref(event))
        .ok_or("it cannot be run: money or units are more than can be counted")?;
    let zone = Zone::named(catalogue.timezone()).unwrap_or(Zone::UTC);
    let mut steps = Steps::default();
    let closed = if words.closed { ", closed: no new subscribers" } else { "" };
    steps.add("plan", format!("{}, version {:016x}{closed}", words.name, catalogue.version()));
    steps.add("service", format!("{}, {}", service.name, service.context));
    let group = event.rating_group.and_then(|number| catalogue.rating_group(number));
    if let Some(number) = event.rating_group {
        let known = match group {
            Some(group) if group.free => ": free in every plan",
            Some(_) => "",
            None => ": not in the tariff",
        };
        steps.add("rating group", format!("{number}{known}"));
    }
    let leg = leg(catalogue, event);
    number(catalogue, &mut steps, event, leg);
    let until = if ran.ended > given.at { format!(" to {}", zone.rfc3339(ran.ended)) } else { String::new() };
    steps.add("time", format!("{}{until}", zone.rfc3339(given.at)));
    if !(group.is_some_and(|group| group.free) || leg.class != NumberClass::Ordinary) {
        rates(catalogue, &mut steps, (*plan, place, service), event, leg, (given.at, ran.ended));
        bundles(catalogue, &mut steps, (*plan, place), (given, event), leg);
        entries(&mut steps, service, &ran.entries);
    }
    sum(catalogue, &mut steps, (*plan, place, service), event, leg, &ran);
    Ok(Explained {
        plan: words.name.to_string(),
        service: service.name.to_string(),
        steps: steps.0,
        charge: ran.charge.to_string(),
        currency: catalogue.currency().as_str().into(),
        result: ran.result,
        used: show::amount(service.unit, ran.used),
    })
}

#[derive(Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn add(&mut self, rule: &'static str, says: String) {
        self.0.push(Step { rule, says });
    }
}

fn leg(catalogue: &Catalogue, event: &TrialEvent) -> Leg {
    let parties = Parties { role: event.role, called: event.to.clone(), ..Parties::default() };
    Leg::of(&parties, catalogue.numbers())
}

/// Where it goes, as rating sees it.
fn number(catalogue: &Catalogue, steps: &mut Steps, event: &TrialEvent, leg: Leg) {
    let Some(to) = &event.to else { return };
    let read = match leg.called {
        Called::E164(digits) => format!("+{digits}"),
        Called::Short(digits) => format!("short code {digits}"),
        Called::Other => "no number".into(),
    };
    let class = match catalogue.numbers().classify(to) {
        NumberClass::Emergency => ", emergency: granted always, at no charge",
        NumberClass::Free => ", free number: at no charge",
        NumberClass::Ordinary => "",
    };
    steps.add("number", format!("{to}: {read}{class}"));
}

/// The rate in force at a moment.
fn found<'c>(
    catalogue: &'c Catalogue,
    (plan, place): (PlanIx, ServiceIx),
    event: &TrialEvent,
    leg: Leg,
    at: Timestamp,
) -> Option<RateMatch<'c>> {
    let called = if leg.is_incoming() { Called::Other } else { leg.called };
    catalogue.match_rate(plan, place, event.rating_group, (called, leg.role), at)
}

/// The destination, and the rate at the beginning and after each change of it.
fn rates(
    catalogue: &Catalogue,
    steps: &mut Steps,
    (plan, place, service): (PlanIx, ServiceIx, &Service),
    event: &TrialEvent,
    leg: Leg,
    (from, until): (Timestamp, Timestamp),
) {
    let first = found(catalogue, (plan, place), event, leg, from);
    if let Some(to) = first.and_then(|first| first.destination) {
        let name = catalogue.destination_name(to).unwrap_or("");
        let prefix = catalogue.destinations().get(usize::from(to.0)).and_then(|destination| {
            let number = match leg.called {
                Called::E164(digits) | Called::Short(digits) => digits.to_string(),
                Called::Other => return None,
            };
            let all = destination.prefixes.iter().chain(&destination.codes).map(ToString::to_string);
            all.filter(|prefix| number.starts_with(prefix)).max_by_key(String::len)
        });
        let prefix = prefix.map(|prefix| format!(", longest prefix {prefix}")).unwrap_or_default();
        steps.add("destination", format!("{name}{prefix}"));
    } else if matches!(leg.called, Called::E164(_) | Called::Short(_)) && !leg.is_incoming() {
        steps.add("destination", "none that the plan names: everywhere else".into());
    }
    let mut at = from;
    loop {
        let found = found(catalogue, (plan, place), event, leg, at);
        let says = match found {
            Some(found) => {
                let band = found.band.and_then(|band| catalogue.bands().get(usize::from(band.0)));
                let band = band.map(|band| format!(" [band {}, {band}]", band.name)).unwrap_or_default();
                format!("{}: {}{band}", found.rate.name, show::rate(catalogue, found.rate))
            }
            None if leg.is_incoming() => "incoming at home: at no charge".into(),
            None => format!("none: {} has no price for it", service.name),
        };
        let zone = Zone::named(catalogue.timezone()).unwrap_or(Zone::UTC);
        let since = if at > from { format!("from {} on, ", zone.rfc3339(at)) } else { String::new() };
        steps.add("rate", format!("{since}{says}"));
        let key = |found: Option<RateMatch<'_>>| found.map(|found| (found.place, found.band));
        let now = key(found);
        let mut next = catalogue.next_boundary(plan, place, Whereabouts::Home, at);
        while let Some(moment) = next.filter(|&moment| moment < until) {
            if key(self::found(catalogue, (plan, place), event, leg, moment)) != now {
                break;
            }
            next = catalogue.next_boundary(plan, place, Whereabouts::Home, moment);
        }
        match next.filter(|&moment| moment < until) {
            Some(moment) => at = moment,
            None => return,
        }
    }
}

/// The bundles that pay, in the order of use.
fn bundles(
    catalogue: &Catalogue,
    steps: &mut Steps,
    (plan, place): (PlanIx, ServiceIx),
    (given, event): (&Given, &TrialEvent),
    leg: Leg,
) {
    if leg.is_incoming() {
        return;
    }
    for (at, bundle) in catalogue.bundles_for(plan, place, event.rating_group, leg.called) {
        let used = given.used.iter().find(|(place, _)| *place == at).map_or(0, |(_, used)| *used);
        let left = bundle.amount.count.saturating_sub(used);
        let unit = bundle.amount.unit;
        steps.add(
            "bundle",
            format!(
                "{}: {} of {} left",
                bundle.id,
                show::amount(unit, left),
                show::amount(unit, bundle.amount.count)
            ),
        );
    }
}

/// What the ledger says, a line for each rate: many reports of a session are one.
fn entries(steps: &mut Steps, service: &Service, entries: &[LedgerEntry]) {
    let mut lines: Vec<(&str, u64, u64, i64)> = Vec::new();
    for entry in entries {
        let Some(usage) = &entry.usage else { continue };
        let at = match lines.iter().position(|(rate, ..)| *rate == &*usage.rate) {
            Some(at) => at,
            None => {
                lines.push((&usage.rate, 0, 0, 0));
                lines.len().saturating_sub(1)
            }
        };
        if let Some((_, used, from_bundles, money)) = lines.get_mut(at) {
            *used = used.saturating_add(usage.used.count);
            *from_bundles = from_bundles.saturating_add(usage.from_bundles);
            *money = money.saturating_sub(entry.amount.micros());
        }
    }
    for (rate, used, from_bundles, money) in lines {
        let by_money = show::amount(service.unit, used.saturating_sub(from_bundles));
        let (used, bundles) = (show::amount(service.unit, used), show::amount(service.unit, from_bundles));
        let money = Money::from_micros(money);
        steps.add("use", format!("{used} by {rate}: {bundles} from bundles, {by_money} for {money}"));
    }
}

/// How units become money, where one rate alone did.
fn sum(
    catalogue: &Catalogue,
    steps: &mut Steps,
    (plan, place, service): (PlanIx, ServiceIx, &Service),
    event: &TrialEvent,
    leg: Leg,
    ran: &trial::Ran,
) {
    let usages = || ran.entries.iter().filter_map(|entry| entry.usage.as_ref());
    let mut names: Vec<_> = usages().map(|usage| &usage.rate).collect();
    names.sort_unstable();
    names.dedup();
    let by_money = usages()
        .map(|usage| usage.used.count.saturating_sub(usage.from_bundles))
        .fold(0, u64::saturating_add);
    let at = usages().next().map_or(ran.ended, |usage| usage.used_at);
    let rate = found(catalogue, (plan, place), event, leg, at).map(|found| found.rate);
    let rate = rate.filter(|rate| names.len() == 1 && names.first().is_some_and(|name| **name == rate.name));
    if let Some(rate) = rate.filter(|_| by_money > 0 && ran.charge.is_positive()) {
        let scheme = Scheme::from(rate);
        let least = by_money.max(rate.first);
        let counted = least.div_ceil(rate.step.max(1)).saturating_mul(rate.step);
        if counted != by_money {
            let (units, counted) =
                (show::amount(service.unit, by_money), show::amount(service.unit, counted));
            steps.add("counted", format!("{units} count as {counted}: whole steps, and the least number"));
        }
        for (units, price) in scheme.split(counted) {
            let of = show::amount(service.unit, rate.per);
            steps.add("price", format!("{} at {price} for {of}", show::amount(service.unit, units)));
        }
        if rate.connect.is_positive() {
            steps.add("connection", rate.connect.to_string());
        }
        if let Some(exact) = price::exact(scheme, by_money) {
            steps.add("exact", exact.to_string());
        }
        steps.add("rounded", "half up to a hundredth, once for the session and the rate".into());
    }
    let wanted = event.units;
    let served = if ran.used < wanted {
        let (used, wanted) = (show::amount(service.unit, ran.used), show::amount(service.unit, wanted));
        format!("{used} of {wanted}; the last answer was {}", ran.result)
    } else {
        format!("all; the last answer was {}", ran.result)
    };
    steps.add("served", served);
    if let Some(action) = &ran.limited {
        steps.add("at the end", show::action(action));
    }
}
