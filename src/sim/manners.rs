//! How makes of gateways differ: as data where it can be, and the trait that each of them implements.

use super::ask::{Ask, Units, Who};
use super::heard::Heard;
use super::objection::Objection;
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;

/// What a gateway meters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Service {
    /// Octets.
    Data,
    /// Seconds of calls.
    Voice,
    /// Messages, one by one.
    Messages,
}

/// Where the units of a request stand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Level {
    /// In Multiple-Services-Credit-Controls.
    PerGroup,
    /// At command level.
    Command,
    /// There are none.
    Nothing,
}

/// Which quota of an answer counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pick {
    /// Each for its own group.
    ByGroup,
    /// The first alone.
    First,
    /// The last alone.
    Last,
}

/// What becomes of a session or of a group after a refusal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fate {
    /// The session is over; nothing more is sent.
    Ends,
    /// The session is over; it is ended with a CCR-T.
    Terminates,
    /// The service is free from now on, and credit control over.
    Free,
    /// The group is let go for good.
    Drops,
    /// The group is blocked; it is asked for again when there is traffic so many seconds later, or, without
    /// a time, when the server wants it.
    Blocks(Option<u32>),
    /// It goes on with what is left of the old grant, and then ends with a CCR-T.
    Lives,
    /// The request is sent again, elsewhere.
    Elsewhere,
}

/// What a gateway does when the last units are used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AtLast {
    /// Ends the session.
    EndsSession,
    /// Reports, and closes the group; the session goes on.
    ClosesGroup,
}

/// What follows a RAR.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Follows {
    /// Nothing.
    Nothing,
    /// One CCR-U for all groups that it is about.
    One,
    /// A CCR-U for each group, all at once.
    Each,
}

/// What a gateway does when no answer comes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Silence {
    /// Sends the request again, with the T flag or without.
    SendsAgain {
        /// With it.
        flag: bool,
    },
    /// Sends it again when it can, and lets the user go on meanwhile, up to so many octets.
    Assumes {
        /// As many.
        octets: u64,
    },
    /// Gives it up: a call does not come about, one that runs lives on its old grant, use is lost.
    GivesUp,
}

/// How a make carries on.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// The name it is chosen by.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Product-Name of its CER.
    pub product: &'static str,
    /// The server's profile that it is to be configured with, where its Product-Name does not tell it.
    pub profile: Option<&'static str>,
    /// Origin-Host, where no other is given.
    pub host: &'static str,
    /// Origin-Realm, where no other is given.
    pub realm: &'static str,
    /// What it meters.
    pub service: Service,
    /// Where its units stand.
    pub level: Level,
    /// Which quota of an answer counts.
    pub pick: Pick,
    /// CC-Request-Number of a session's first request.
    pub first_number: u32,
    /// A session begins without quotas; they are asked for with the first CCR-U.
    pub opens_bare: bool,
    /// The groups that it asks for where no others are given; none: one quota without a group.
    pub groups: &'static [u32],
    /// The Service-Identifiers of each quota.
    pub services: &'static [u32],
    /// How many units it asks for.
    pub wants: Units,
    /// A call that is answered is told of at once.
    pub tells_answer: bool,
    /// In how many parts it reports use.
    pub parts: u64,
    /// It uses so many units of each grant at least.
    pub least: u64,
    /// It asks again at the threshold.
    pub thresholds: bool,
    /// It gives quota back that was not used for the holding time.
    pub holding: bool,
    /// What becomes of a session whose request was refused, by Result-Code at command level.
    pub refused: fn(RequestType, u32) -> Fate,
    /// What becomes of a group that was refused, by its Result-Code.
    pub refused_group: fn(RequestType, u32) -> Fate,
    /// Any final unit is the end.
    pub any_last_ends: bool,
    /// What it does when the last units are used.
    pub at_last: AtLast,
    /// Result-Code of its RAA, and what follows.
    pub reauth: (u32, Follows),
    /// Result-Code of its ASA; none: it does not answer.
    pub abort: Option<u32>,
    /// What it does when no answer comes.
    pub silence: Silence,
    /// Several requests of one session may be under way.
    pub parallel: bool,
    /// It sends CCR-T again and again, every so many seconds.
    pub replays: Option<u32>,
}

impl Manners {
    /// A gateway that conforms: makes say what they do otherwise.
    pub(super) const PLAIN: Self = Self {
        name: "plain",
        title: "",
        product: "",
        profile: None,
        host: "",
        realm: "",
        service: Service::Data,
        level: Level::PerGroup,
        pick: Pick::ByGroup,
        first_number: 0,
        opens_bare: false,
        groups: &[10],
        services: &[],
        wants: Units::AsManyAsItGets,
        tells_answer: false,
        parts: 1,
        least: 0,
        thresholds: true,
        holding: false,
        refused: |kind, _| if matches!(kind, RequestType::Update) { Fate::Terminates } else { Fate::Ends },
        refused_group: |_, code| if code < 5_000 { Fate::Blocks(None) } else { Fate::Drops },
        any_last_ends: false,
        at_last: AtLast::ClosesGroup,
        reauth: (2_002, Follows::One),
        abort: Some(2_001),
        silence: Silence::SendsAgain { flag: true },
        parallel: false,
        replays: None,
    };
}

/// A make of gateway.
pub trait Make: core::fmt::Debug + Sync {
    /// How it carries on.
    fn manners(&self) -> &'static Manners;

    /// The Session-Id of its `serial`th session.
    fn session_id(&self, who: &Who, started: i64, serial: u32) -> String;

    /// A request in its words, in its order.
    fn avps(&self, who: &Who, ask: &Ask) -> Vec<AvpTree>;

    /// What agents on the way put behind a request.
    fn agents(&self) -> Vec<AvpTree> {
        Vec::new()
    }

    /// Whether it accepts an answer: the first rule that it hurts.
    fn check(&self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection>;
}
