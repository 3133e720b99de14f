//! What can be wrong in a tariff, each with the place where it stands.

use core::fmt;

use thiserror::Error;

pub use super::quantity::FigureFault;
use super::tree::Origin;

/// A fault, where it stands, and where what it clashes with stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where.
    pub origin: Origin,
    /// What.
    pub kind: FaultKind,
    /// The other place, where there is one.
    pub other: Option<Origin>,
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Noun {
    /// A service.
    Service,
    /// The context of a service.
    Context,
    /// A destination.
    Destination,
    /// A rating group.
    RatingGroup,
    /// A plan.
    Plan,
    /// A bundle of a plan.
    Bundle,
    /// A prefix of a destination.
    Prefix,
    /// A short code of a destination.
    Code,
    /// A number in a list.
    Number,
    /// A section that only one file may have.
    Section,
    /// A mode of settlement.
    Mode,
    /// A band of time.
    Band,
    /// A day of the week.
    Day,
    /// A holiday.
    Holiday,
    /// A test.
    Test,
    /// A roaming zone.
    Zone,
    /// A serving network, or a country.
    Network,
    /// A content service.
    Content,
    /// A service identifier.
    Identifier,
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::Context => "context",
            Self::Destination => "destination",
            Self::RatingGroup => "rating group",
            Self::Plan => "plan",
            Self::Bundle => "bundle",
            Self::Prefix => "prefix",
            Self::Code => "short code",
            Self::Number => "number",
            Self::Section => "section",
            Self::Mode => "mode",
            Self::Band => "band of time",
            Self::Day => "day",
            Self::Holiday => "holiday",
            Self::Test => "test",
            Self::Zone => "roaming zone",
            Self::Network => "network",
            Self::Content => "content service",
            Self::Identifier => "service identifier",
        })
    }
}

/// What is wrong. The text says what was found and what is allowed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum FaultKind {
    /// A key that the place does not have.
    #[error("unknown key `{key}` in {place}{} (allowed: {})", meant(.nearest.as_deref()), .allowed.join(", "))]
    UnknownKey {
        /// The key.
        key: Box<str>,
        /// The place.
        place: &'static str,
        /// The key that was probably meant.
        nearest: Option<Box<str>>,
        /// What is allowed there.
        allowed: &'static [&'static str],
    },
    /// Something that this version does not apply.
    #[error("`{what}` comes in a later version of gyro; this version does not apply it")]
    Later {
        /// The key, or the key and its value.
        what: Box<str>,
    },
    /// A key that must be there.
    #[error("{place} needs `{key}`")]
    Missing {
        /// The key.
        key: &'static str,
        /// The place.
        place: &'static str,
    },
    /// A value of another kind.
    #[error("{wanted} is wanted here, not {found}")]
    Kind {
        /// What is wanted.
        wanted: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// Another form of file.
    #[error("this version of gyro reads `format = 1`, not {found}")]
    Format {
        /// What is there.
        found: i64,
    },
    /// Not a known currency.
    #[error("unknown currency `{found}`{} (three capital letters of ISO 4217, like \"KZT\")", meant(.nearest.as_deref()))]
    Currency {
        /// What is there.
        found: Box<str>,
        /// What was probably meant.
        nearest: Option<Box<str>>,
    },
    /// Not a known time zone.
    #[error("unknown time zone `{found}`: a name of the IANA database, like \"Asia/Almaty\"")]
    Zone {
        /// What is there.
        found: Box<str>,
    },
    /// Money or a figure without quotes.
    #[error("a figure stands in quotes, so that it is exact: write \"{found}\", not {found}")]
    Unquoted {
        /// What is there.
        found: Box<str>,
    },
    /// A figure that cannot be read.
    #[error("`{found}` cannot be read: {fault}")]
    Figure {
        /// What is there.
        found: Box<str>,
        /// Why.
        fault: FigureFault,
    },
    /// A figure outside its range.
    #[error("{found} is out of range: {allowed}")]
    Range {
        /// What is there.
        found: i64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A service whose unit is not told by its context.
    #[error(
        "the context `{context}` is not one that gyro knows: say what the service is counted in, unit = \"octets\", \"seconds\", \"pieces\" or \"money\""
    )]
    NoUnit {
        /// The context.
        context: Box<str>,
    },
    /// A word that is none of those allowed.
    #[error("`{found}` is not allowed here{} (allowed: {})", meant(.nearest.as_deref()), .allowed.join(", "))]
    Word {
        /// What is there.
        found: Box<str>,
        /// What was probably meant.
        nearest: Option<Box<str>>,
        /// What is allowed.
        allowed: &'static [&'static str],
    },
    /// A name that nothing has.
    #[error("unknown {noun} `{name}`{}", meant(.nearest.as_deref()))]
    Unknown {
        /// What it would be.
        noun: Noun,
        /// The name.
        name: Box<str>,
        /// What was probably meant.
        nearest: Option<Box<str>>,
    },
    /// A name given twice.
    #[error("{noun} `{name}` stands twice")]
    Twice {
        /// What it is.
        noun: Noun,
        /// The name.
        name: Box<str>,
    },
    /// Files that contradict each other.
    #[error(
        "`{key} = \"{here}\"` clashes with `{key} = \"{there}\"` of another file: all files of a folder have the same"
    )]
    Clash {
        /// The key.
        key: &'static str,
        /// What is there.
        here: Box<str>,
        /// What the other says.
        there: Box<str>,
    },
    /// Not the digits that are wanted.
    #[error("`{found}` is no {noun}: {allowed}")]
    Digits {
        /// What it would be.
        noun: Noun,
        /// What is there.
        found: Box<str>,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Not a time of the day, or no date that there is.
    #[error("`{found}` cannot be read: {allowed}")]
    Clock {
        /// What is there.
        found: Box<str>,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A band that ends when it begins.
    #[error("a band that ends when it begins is no band: leave `from` and `to` out for whole days")]
    WholeDay,
    /// A band with a word about holidays, and no holidays.
    #[error("`holidays` in a band needs the list of them: [holidays] with dates = [\"01-01\", …]")]
    NoHolidays,
    /// Two bands of a rate that hold at once.
    #[error("bands `{one}` and `{other}` of this rate overlap: at any time one price is in force")]
    Overlap {
        /// The band.
        one: Box<str>,
        /// The other.
        other: Box<str>,
    },
    /// A list with nothing in it, or a text.
    #[error("{what} must not be empty")]
    Empty {
        /// What.
        what: &'static str,
    },
    /// A rate or bundle that does not say what it is for.
    #[error("{place} needs `service` or `rating_groups`")]
    ForNothing {
        /// The place.
        place: &'static str,
    },
    /// Rating groups of another service.
    #[error("rating group {number} belongs to service `{owner}`, not to `{service}`")]
    OtherService {
        /// The rating group.
        number: u32,
        /// Its service.
        owner: Box<str>,
        /// The service wanted.
        service: Box<str>,
    },
    /// `to` where nothing goes anywhere.
    #[error("service `{service}` is counted in octets and has no called number: `to` does not belong here")]
    NoDestinations {
        /// The service.
        service: Box<str>,
    },
    /// A rating group with a price of its own.
    #[error("a rating group may only be free, price = \"0\": other prices stand in the rates of a plan")]
    GroupPrice,
    /// A longest call where no time is counted.
    #[error("`max_call` belongs to a service that is counted in seconds; `{service}` is not")]
    MaxCall {
        /// The service.
        service: Box<str>,
    },
    /// `exact` where the client does not say how much it wants.
    #[error("\"exact\" belongs to a service that is counted in pieces; `{service}` is not")]
    Exact {
        /// The service.
        service: Box<str>,
    },
    /// A consumption time where no time is counted.
    #[error("`consumption` belongs to a service that is counted in seconds; `{service}` is not")]
    Consumption {
        /// The service.
        service: Box<str>,
    },
    /// A content service whose name is a number.
    #[error("`{name}` is a number: a content service has a name, and its numbers stand in `identifiers`")]
    ContentName {
        /// The name.
        name: Box<str>,
    },
    /// A price for content whose provider says the price.
    #[error(
        "`price` belongs to content that is counted in pieces; the amount for `{service}` stands in each request"
    )]
    ContentPrice {
        /// The service.
        service: Box<str>,
    },
    /// A zone by a name that means something else.
    #[error("`{name}` is a word of its own here: give the zone another name")]
    ZoneName {
        /// The name.
        name: Box<str>,
    },
    /// A price of other legs beside a direction.
    #[error("`{key}` is the price of other legs: it does not stand beside `direction`")]
    LegAndDirection {
        /// The key.
        key: &'static str,
    },
    /// A price of legs for a service that has none.
    #[error("`{key}` belongs to calls and messages; what is counted in octets or money has no legs")]
    NoLegs {
        /// The key.
        key: &'static str,
    },
    /// A price of incoming legs at home.
    #[error("at home incoming calls and messages cost nothing: `incoming` belongs to a rate with `zones`")]
    IncomingAtHome,
    /// A price of incoming legs that depends on where they go.
    #[error("an incoming call goes to the subscriber: `incoming` belongs to a rate without `to`")]
    IncomingTo,
    /// Zones of a plan that sells no roaming.
    #[error("this plan sells no roaming, `allowed = false`: `zones` does not belong here")]
    NotAllowed,
    /// A bound of debt that holds nowhere.
    #[error(
        "this floor holds nowhere: every zone charges in real time. Give it to a zone or a plan, or say `realtime = false` of a zone"
    )]
    FloorForNone,
    /// A zone in which nothing has a price.
    #[error("no plan has a price in zone `{zone}`: everything is refused there")]
    ZoneWithoutPrice {
        /// The zone.
        zone: Box<str>,
    },
    /// A zone in which what goes out has a price and what comes in has none.
    #[error(
        "in zone `{zone}` incoming legs of `{service}` have no price in some plan: they are refused there (incoming = \"0\" makes them free)"
    )]
    NoIncoming {
        /// The zone.
        zone: Box<str>,
        /// The service.
        service: Box<str>,
    },
    /// A rate that can never apply.
    #[error("this rate never applies: an earlier one covers the same")]
    SameCovers,
    /// A bundle that goes on with rates that are not there.
    #[error(
        "bundle `{bundle}` goes on with the plan's rates, but plan `{plan}` has no rate for service `{service}`: add a rate, or say then = \"stop\""
    )]
    NoRateAfter {
        /// The bundle.
        bundle: Box<str>,
        /// The plan.
        plan: Box<str>,
        /// The service.
        service: Box<str>,
    },
    /// A plan without a price and without a bundle.
    #[error("plan `{plan}` sells nothing: it has no rate and no bundle")]
    SellsNothing {
        /// The plan.
        plan: Box<str>,
    },
    /// Neither a redirect nor a restriction, or both.
    #[error(
        "say how the service goes on: either redirect = \"https://…\", or restrict = [\"a filter of the gateway\"]"
    )]
    NoLimitation,
    /// A limitation that the clients of a service cannot carry out.
    #[error(
        "service `{service}` cannot be limited so: traffic is sent to an IP address or a URL or is filtered, calls are sent to a SIP URI, and what is counted in pieces ends"
    )]
    NotLimitable {
        /// The service.
        service: Box<str>,
    },
    /// Not an address that a user can be sent to.
    #[error("`{found}` is no address to redirect to: an IP address, or a URI of http, https, sip or sips")]
    Redirect {
        /// What is there.
        found: Box<str>,
    },
    /// Not a filter rule.
    #[error(
        "`{found}` is no filter rule (RFC 6733 IPFilterRule), like \"permit out ip from 192.0.2.10 to assigned\""
    )]
    FilterRule {
        /// What is there.
        found: Box<str>,
    },
    /// More text than an answer should bear.
    #[error("{what} are too long: at most {most} octets in all")]
    TooLong {
        /// What.
        what: &'static str,
        /// How many octets are allowed.
        most: usize,
    },
    /// More of something than a catalogue holds.
    #[error("too many {what}: at most {most}")]
    TooMany {
        /// What.
        what: &'static str,
        /// How many are allowed.
        most: usize,
    },
    /// A plan that is in the end like itself.
    #[error("plans are like each other in a circle: {}", .way.join(" → "))]
    Circle {
        /// The plans, the first one again at the end.
        way: Vec<Box<str>>,
    },
    /// Something is wrong with the tiers of a rate.
    #[error("{0}")]
    Tiers(&'static str),
    /// A price for what costs nothing.
    #[error(
        "incoming calls at home cost nothing, and what comes in goes to no destination: `direction = \"mt\"` is for messages, without `to`"
    )]
    Incoming,
    /// A service that a plan says it does not sell, and sells.
    #[error("the plan has a rate or a bundle for service `{service}`: it does not belong into `without`")]
    Without {
        /// The service.
        service: Box<str>,
    },
    /// A test that expects nothing.
    #[error("a test needs something in `expect`: charge, result, balance, left, used, granted or last")]
    ExpectsNothing,
    /// A bundle of a test that has more used than there is.
    #[error("bundle `{bundle}` has {amount} in all: more cannot be used or left")]
    MoreThanAll {
        /// The bundle.
        bundle: Box<str>,
        /// How much is in it.
        amount: Box<str>,
    },
    /// A finding: a service that a plan neither sells nor says that it does not.
    #[error(
        "plan `{plan}` has neither a rate nor a bundle for service `{service}`: such use is refused (5031); add a rate, or say without = [\"{service}\"]"
    )]
    Gap {
        /// The plan.
        plan: Box<str>,
        /// The service.
        service: Box<str>,
    },
    /// A finding: a rating group that nothing in a plan covers.
    #[error(
        "plan `{plan}` has neither a rate nor a bundle for rating group {number} of service `{service}`: such use is refused (5031); add a rate for it, or one for the whole service"
    )]
    GroupGap {
        /// The plan.
        plan: Box<str>,
        /// The rating group.
        number: u32,
        /// The service.
        service: Box<str>,
    },
    /// A finding: a rate that can never apply.
    #[error("this rate never applies: {why}")]
    NeverApplies {
        /// Why.
        why: &'static str,
    },
    /// Warning: a service that is sold to some destinations alone.
    #[error(
        "plan `{plan}` has prices for service `{service}` to some destinations alone: what goes elsewhere is refused (5031)"
    )]
    ElsewhereGap {
        /// The plan.
        plan: Box<str>,
        /// The service.
        service: Box<str>,
    },
    /// Warning: a price or a volume for what is free.
    #[error("rating group {number} is free in every plan: {place} for it is never used")]
    FreeGroup {
        /// The rating group.
        number: u32,
        /// The place.
        place: &'static str,
    },
    /// Warning: a band of time that no rate has a price for.
    #[error("no rate has a price for the band of time `{name}`")]
    UnusedBand {
        /// The band.
        name: Box<str>,
    },
    /// Warning: a limitation that no service takes.
    #[error(
        "no service can be limited so, all of them end: traffic is sent to an IP address or a URL or is filtered, calls are sent to a SIP URI"
    )]
    NoneLimitable,
    /// Warning: a prefix of two countries.
    #[error("prefix 7 alone covers Russia and Kazakhstan together: longer prefixes tell them apart")]
    WidePrefix,
    /// Warning: the unified emergency number is not listed.
    #[error("112 is not among the emergency numbers: calls to it are charged and may be refused")]
    No112,
}

impl FaultKind {
    /// It is allowed, and almost surely not meant: a check of the tariff fails for it, a server serves all the same.
    pub const fn is_finding(&self) -> bool {
        matches!(
            self,
            Self::Gap { .. } | Self::GroupGap { .. } | Self::NeverApplies { .. } | Self::WidePrefix
        )
    }
}

/// `, did you mean …`.
fn meant(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default()
}
