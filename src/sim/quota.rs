//! One quota at a gateway: what was granted, what is used of it, and when it has something to say.

use core::time::Duration;

use super::ask::{Units, Use, Want, Why};
use super::check;
use super::heard::{Last, Offer};
use super::manners::{Manners, Service};
use crate::time::Timestamp;

/// How a quota stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nothing is granted; traffic asks for it.
    Idle,
    /// There is a grant.
    Granted,
    /// Blocked; traffic from then on asks again, or, without a time, when the server wants it.
    Blocked(Option<Timestamp>),
    /// Let go for good.
    Dropped,
    /// The user is redirected or restricted.
    Limited,
}

/// A quota at a gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Rating-Group.
    pub group: Option<u32>,
    /// Service-Identifiers.
    pub services: Vec<u32>,
    /// How it stands.
    pub standing: Standing,
    /// Units of the grant.
    pub granted: u64,
    /// Units of it that are left.
    pub left: u64,
    /// Units left at which more is asked for.
    pub threshold: u64,
    /// When its validity is over.
    pub expires: Option<Timestamp>,
    /// Seconds without use after which it is given back.
    pub holding: Option<u32>,
    /// What happens when it is used up.
    pub last: Option<Last>,
    /// No more comes after it: what is left is lived on.
    pub old: bool,
    /// A request for it is under way.
    pub asked: bool,
    /// Units used in all.
    pub used: u64,
    /// Units reported in all.
    pub reported: u64,
    unreported: Use,
    touched: Timestamp,
    since: Timestamp,
}

impl Quota {
    pub(super) fn new(group: Option<u32>, services: &[u32], now: Timestamp) -> Self {
        Self {
            group,
            services: services.to_vec(),
            standing: Standing::Idle,
            granted: 0,
            left: 0,
            threshold: 0,
            expires: None,
            holding: None,
            last: None,
            old: false,
            asked: false,
            used: 0,
            reported: 0,
            unreported: Use::default(),
            touched: now,
            since: now,
        }
    }

    /// Whether it has use to report, or a grant that was not touched.
    pub(super) fn is_live(&self) -> bool {
        self.standing == Standing::Granted || self.unreported != Use::default()
    }

    /// When time alone has it say something.
    pub(super) fn due(&self) -> Option<Timestamp> {
        if self.asked || self.old {
            return None;
        }
        let held = self.holding.map(|seconds| self.touched.plus(secs(u64::from(seconds))));
        match self.standing {
            Standing::Granted => [self.expires, held].into_iter().flatten().min(),
            Standing::Limited => self.expires,
            Standing::Idle | Standing::Blocked(_) | Standing::Dropped => None,
        }
    }

    /// What time has brought: its validity is over, or it lay idle too long.
    pub(super) fn fallen_due(&self, now: Timestamp) -> Option<Why> {
        let due = self.due().filter(|at| *at <= now)?;
        let over = self.expires.is_some_and(|at| at <= due || at <= now);
        Some(if over { Why::Validity } else { Why::Holding })
    }

    /// Units that may be used now, of `wanted`, at that time.
    pub(super) fn usable(&self, wanted: u64, manners: &Manners, now: Timestamp) -> u64 {
        let spared = if self.asked || self.old { 0 } else { self.threshold.min(self.left) };
        // a few units of a small grant are used whatever it says
        let least = manners.least.saturating_sub(self.granted.saturating_sub(self.left));
        let units = self.left.saturating_sub(spared).max(if self.left > 0 { least } else { 0 });
        let until = match (manners.service, self.expires) {
            (Service::Voice, Some(at)) if !self.old => at.since(now).as_secs(),
            _ => u64::MAX,
        };
        wanted.min(units).min(until)
    }

    /// Uses units.
    pub(super) fn consume(&mut self, units: u64, service: Service, now: Timestamp) {
        let used = match service {
            Service::Data => Use::octets(units),
            Service::Voice => Use::seconds(u32::try_from(units).unwrap_or(u32::MAX)),
            Service::Messages => Use::default(),
        };
        self.unreported = self.unreported.plus(used);
        self.left = self.left.saturating_sub(units);
        self.used = self.used.saturating_add(units);
        if units > 0 {
            self.touched = now;
        }
    }

    /// Takes what is to be reported out, in parts.
    pub(super) fn report(
        &mut self,
        why: Option<Why>,
        asks: Option<Units>,
        manners: &Manners,
        now: Timestamp,
    ) -> Want {
        let mut all = core::mem::take(&mut self.unreported);
        let units = match manners.service {
            Service::Data => all.total(),
            Service::Voice | Service::Messages => u64::from(all.seconds),
        };
        if manners.service == Service::Data {
            all.seconds = u32::try_from(now.since(self.since).as_secs()).unwrap_or(u32::MAX);
        }
        self.reported = self.reported.saturating_add(units);
        let silent = units == 0 && self.standing != Standing::Granted;
        self.since = now;
        self.touched = now;
        self.asked = asks.is_some();
        Want {
            group: self.group,
            services: self.services.clone(),
            asks,
            used: if silent { Vec::new() } else { parts(all, manners.parts) },
            why: why.filter(|_| !silent || asks.is_some()),
        }
    }

    /// Takes a grant, or what stands in its place.
    pub(super) fn take(&mut self, offer: &Offer, manners: &Manners, now: Timestamp) {
        let until = |seconds: u32| now.plus(secs(u64::from(seconds)));
        self.expires = offer.validity.map(until);
        self.last = offer.last;
        self.old = false;
        let count = offer.granted.and_then(|granted| check::metered(&granted, manners.service));
        match count {
            Some(count) => {
                let told = match manners.service {
                    Service::Data => offer.volume_threshold,
                    Service::Voice | Service::Messages => offer.time_threshold,
                };
                let threshold = told.map(u64::from).filter(|left| manners.thresholds && *left <= count);
                self.standing = Standing::Granted;
                (self.granted, self.left) = (count, count);
                self.threshold = threshold.unwrap_or(0);
                self.holding = offer.holding.filter(|_| manners.holding);
                self.touched = now;
            }
            None => {
                (self.granted, self.left, self.threshold) = (0, 0, 0);
                let limited = offer.last.is_some() || offer.validity.is_some();
                self.standing = if limited { Standing::Limited } else { Standing::Idle };
            }
        }
    }
}

fn parts(all: Use, count: u64) -> Vec<Use> {
    let mut parts = Vec::new();
    let mut rest = all;
    for left in (2..=count).rev() {
        let one = Use {
            input: rest.input.checked_div(left).unwrap_or(0),
            output: rest.output.checked_div(left).unwrap_or(0),
            seconds: 0,
        };
        rest.input = rest.input.saturating_sub(one.input);
        rest.output = rest.output.saturating_sub(one.output);
        parts.push(one);
    }
    parts.push(rest);
    parts
}

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}
