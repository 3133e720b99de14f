//! What the books must say, by arithmetic of its own: it shares no code with the server.

use std::collections::{BTreeMap, BTreeSet};

/// Tiyn of a message.
const MESSAGE: u64 = 500;

/// Octets of a unit of data that is charged by money; it costs one tiyn.
const UNIT: u64 = 1_024;

/// What a request is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// Data for money, rating group 10.
    Money,
    /// Data out of the bundle, rating group 20.
    Volume,
    /// A message, charged at once.
    Message,
}

/// What a request takes from a subscriber.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(crate) struct Cost {
    /// Money, in tiyn.
    pub(crate) tiyn: u64,
    /// Octets of the bundle.
    pub(crate) octets: u64,
}

impl Cost {
    /// Of a request that reports `used` octets, in a session that has reported `before` until then.
    pub(crate) fn of(what: What, before: u64, used: u64) -> Self {
        match what {
            What::Message => Self { tiyn: MESSAGE, octets: 0 },
            What::Volume => Self { tiyn: 0, octets: used },
            What::Money => {
                let tiyn = |octets: u64| octets.div_ceil(UNIT);
                Self { tiyn: tiyn(before + used) - tiyn(before), octets: 0 }
            }
        }
    }

    fn plus(self, other: Self) -> Self {
        Self { tiyn: self.tiyn + other.tiyn, octets: self.octets + other.octets }
    }
}

/// A request by its session and number.
pub(crate) type RequestKey = (String, u32);

/// What a subscriber must have been charged.
#[derive(Default)]
pub(crate) struct Subscriber {
    acknowledged: Cost,
    /// What each acknowledged request has cost.
    requests: BTreeMap<RequestKey, Cost>,
    /// What was sent and has no answer.
    open: BTreeMap<RequestKey, Cost>,
}

/// All subscribers, by place.
#[derive(Default)]
pub(crate) struct Model {
    subscribers: Vec<Subscriber>,
}

impl Model {
    /// So many subscribers of whom nothing is known.
    pub(crate) fn new(subscribers: usize) -> Self {
        Self { subscribers: (0..subscribers).map(|_| Subscriber::default()).collect() }
    }

    /// A request goes out, or goes out again.
    pub(crate) fn sent(&mut self, place: usize, key: RequestKey, cost: Cost) {
        self.subscribers[place].open.insert(key, cost);
    }

    /// A request was answered with success.
    pub(crate) fn acknowledged(&mut self, place: usize, key: RequestKey) -> Result<(), String> {
        let subscriber = &mut self.subscribers[place];
        let cost = subscriber.open.remove(&key).ok_or_else(|| format!("{key:?} was answered twice"))?;
        subscriber.acknowledged = subscriber.acknowledged.plus(cost);
        subscriber.requests.insert(key, cost);
        Ok(())
    }

    /// Requests that were acknowledged and cost something.
    pub(crate) fn charged(&self) -> usize {
        let costs = self.subscribers.iter().flat_map(|subscriber| subscriber.requests.values());
        costs.filter(|cost| **cost != Cost::default()).count()
    }

    /// What has been taken from a subscriber must be what was acknowledged, and of what has no answer each request
    /// wholly or not at all.
    pub(crate) fn check(&self, place: usize, taken: Cost) -> Result<(), String> {
        let subscriber = &self.subscribers[place];
        let mut possible = BTreeSet::from([subscriber.acknowledged]);
        for cost in subscriber.open.values().filter(|cost| **cost != Cost::default()) {
            possible.extend(possible.clone().into_iter().map(|before| before.plus(*cost)));
        }
        if possible.contains(&taken) {
            return Ok(());
        }
        let Subscriber { acknowledged, open, .. } = subscriber;
        Err(format!(
            "subscriber {place}: {taken:?} was taken, {acknowledged:?} was acknowledged, {open:?} is open"
        ))
    }

    /// The ledger must have one entry for each request that took money, with its amount, and no other. Nothing is
    /// open any more.
    pub(crate) fn check_ledger(&self, place: usize, entries: &[(RequestKey, u64)]) -> Result<(), String> {
        let subscriber = &self.subscribers[place];
        let mut left: BTreeMap<&RequestKey, u64> =
            subscriber.requests.iter().map(|(key, cost)| (key, cost.tiyn)).collect();
        for (key, tiyn) in entries {
            match left.remove(key) {
                Some(expected) if expected == *tiyn => {}
                Some(expected) => return Err(format!("{key:?} cost {tiyn} tiyn instead of {expected}")),
                None if subscriber.requests.contains_key(key) => {
                    return Err(format!("{key:?} is charged twice"));
                }
                None => return Err(format!("{key:?} is charged, and was never acknowledged")),
            }
        }
        // what the bundle pays, and what a unit that is paid for still holds, needs no entry
        match left.iter().find(|(_, tiyn)| **tiyn > 0) {
            Some((key, tiyn)) => {
                Err(format!("{key:?} was acknowledged, and its {tiyn} tiyn are in no entry"))
            }
            None => Ok(()),
        }
    }
}
