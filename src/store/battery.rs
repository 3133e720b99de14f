//! One battery of tests for every store: random batches, power cuts and restarts against a map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::record::{Class, Key, PART_MAX, Record};
use super::{Batch, Budget, Conflicts, Guard, Opened, Progress, Sequence, State, StoreError};

/// A store under test: what outlives its halves.
pub(crate) trait Subject {
    /// Opens it.
    fn open(&mut self) -> Opened;
    /// Cuts the power, while it is open.
    fn cut_power(&mut self, seed: u64);
    /// Does something to it while it is closed that it must repair by itself.
    fn harm(&mut self, seed: u64);
}

/// Something that happens to a store.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A batch is committed.
    Commit(Vec<Record>),
    /// A batch is appended, and the power is cut before it is synced.
    Lose(Vec<Record>),
    /// The power is cut.
    Cut(u64),
    /// The store is closed cleanly and opened.
    Restart,
    /// As [`Act::Restart`], with something done to it meanwhile.
    Harm(u64),
    /// Idle: the last batch is confirmed.
    Confirm,
    /// So many steps of upkeep.
    Upkeep(u8),
    /// A checkpoint is made.
    Checkpoint,
}

fn record() -> impl Strategy<Value = Record> {
    let class = prop_oneof![
        4 => Just(Class::Account),
        3 => Just(Class::Session),
        1 => Just(Class::Catalogue),
        2 => Just(Class::Ledger),
    ];
    let value = prop_oneof![
        2 => Just(None),
        6 => proptest::collection::vec(any::<u8>(), 0..300).prop_map(Some),
        1 => (PART_MAX - 2..2 * PART_MAX + 2, any::<u8>()).prop_map(|(octets, fill)| Some(vec![fill; octets])),
    ];
    (class, 0_u64..60, value).prop_map(|(class, key, value)| {
        let value = if class.is_journal_only() { Some(value.unwrap_or_default()) } else { value };
        Record { class, key: Key::from_u64(key), value }
    })
}

/// A history of up to `most` acts.
pub(crate) fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let batch = || proptest::collection::vec(record(), 0..8);
    let act = prop_oneof![
        30 => batch().prop_map(Act::Commit),
        2 => batch().prop_map(Act::Lose),
        2 => any::<u64>().prop_map(Act::Cut),
        2 => Just(Act::Restart),
        2 => any::<u64>().prop_map(Act::Harm),
        3 => Just(Act::Confirm),
        10 => (1_u8..20).prop_map(Act::Upkeep),
        2 => Just(Act::Checkpoint),
    ];
    proptest::collection::vec(act, 1..most)
}

/// What must be there.
#[derive(Default)]
struct Model {
    frames: Vec<Vec<Record>>,
    state: BTreeMap<(Class, Key), (Sequence, Vec<u8>)>,
}

impl Model {
    fn take(&mut self, records: &[Record]) {
        self.frames.push(records.to_vec());
        let sequence = Sequence::new(u64::try_from(self.frames.len()).unwrap());
        for record in records.iter().filter(|record| !record.class.is_journal_only()) {
            match &record.value {
                Some(value) => self.state.insert((record.class, record.key), (sequence, value.clone())),
                None => self.state.remove(&(record.class, record.key)),
            };
        }
    }

    fn check(&self, state: &mut dyn State) {
        for class in [Class::Account, Class::Session, Class::Catalogue, Class::Counter] {
            let expected: Vec<(Key, Sequence, &[u8])> = self
                .state
                .iter()
                .filter(|((of, _), _)| *of == class)
                .map(|((_, key), (sequence, value))| (*key, *sequence, value.as_slice()))
                .collect();
            let mut found = Vec::new();
            let mut from = Some(Key::EMPTY);
            while let Some(key) = from {
                let some = state.scan(class, &key, 5).unwrap();
                from = some.last().and_then(|(key, _)| key.next()).filter(|_| some.len() == 5);
                found.extend(some);
            }
            let found: Vec<_> =
                found.iter().map(|(key, at)| (*key, at.revision, at.value.as_slice())).collect();
            assert_eq!(found, expected);
            for key in (0..60).map(Key::from_u64) {
                let loaded = state.load(class, &key).unwrap().map(|loaded| (loaded.revision, loaded.value));
                assert_eq!(loaded.as_ref(), self.state.get(&(class, key)));
            }
        }
        for (index, records) in self.frames.iter().enumerate() {
            let sequence = Sequence::new(u64::try_from(index + 1).unwrap());
            let only = |records: &[Record]| -> Vec<Record> {
                records.iter().filter(|record| record.class.is_journal_only()).cloned().collect()
            };
            assert_eq!(only(&state.read_frame(sequence).unwrap()), only(records), "{sequence}");
        }
        let beyond = Sequence::new(u64::try_from(self.frames.len() + 1).unwrap());
        assert!(matches!(state.read_frame(beyond), Err(StoreError::NoSuchFrame { .. })));
        assert!(matches!(state.load(Class::Ledger, &Key::EMPTY), Err(StoreError::NotState { .. })));
    }
}

/// Plays a history and checks the store against the model at each opening and at the end.
pub(crate) fn play(subject: &mut dyn Subject, acts: &[Act]) {
    let mut model = Model::default();
    let mut opened = reopen(subject, &mut model, None, 0);
    for act in acts {
        let next = opened.commit.durable().next();
        let batch =
            |records: &[Record]| Batch { sequence: next, guards: Vec::new(), records: records.to_vec() };
        match act {
            Act::Commit(records) => {
                append(&mut opened, &batch(records));
                assert_eq!(opened.commit.sync().unwrap(), next);
                opened.state.apply(batch(records)).unwrap();
                model.take(records);
            }
            Act::Lose(records) => {
                append(&mut opened, &batch(records));
                let epoch = opened.epoch;
                subject.cut_power(next.number());
                drop(opened);
                opened = reopen(subject, &mut model, Some(records), epoch);
            }
            Act::Cut(seed) => {
                let epoch = opened.epoch;
                subject.cut_power(*seed);
                drop(opened);
                opened = reopen(subject, &mut model, None, epoch);
            }
            Act::Restart | Act::Harm(_) => {
                let epoch = opened.epoch;
                opened.commit.close().unwrap();
                assert!(opened.commit.append(&batch(&[])).unwrap_err().is_poison());
                drop(opened);
                if let Act::Harm(seed) = act {
                    subject.harm(*seed);
                }
                opened = reopen(subject, &mut model, None, epoch);
            }
            Act::Confirm => opened.commit.confirm().unwrap(),
            Act::Upkeep(steps) => {
                for _ in 0..*steps {
                    if opened.state.step(Budget { octets: 20_000 }).unwrap() == Progress::Idle {
                        break;
                    }
                }
            }
            Act::Checkpoint => {
                opened.state.checkpoint().unwrap();
                assert_eq!(opened.state.status().checkpoint, opened.commit.durable());
            }
        }
    }
    model.check(&mut *opened.state);
    let status = opened.state.status();
    assert!(status.damage.is_empty() && status.stopped.is_none(), "{status:?}");
}

/// Appends, with upkeep before where a store has no room for more changes.
fn append(opened: &mut Opened, batch: &Batch) {
    while let Err(error) = opened.commit.append(batch) {
        assert!(matches!(error, StoreError::Behind { .. }) && !error.is_poison(), "{error}");
        assert!(opened.state.status().behind);
        assert_eq!(opened.state.step(Budget { octets: 20_000 }).unwrap(), Progress::More);
    }
}

/// Opens the store. A batch that was appended and not synced may be there, as a whole.
fn reopen(subject: &mut dyn Subject, model: &mut Model, maybe: Option<&[Record]>, epoch: u64) -> Opened {
    let mut opened = subject.open();
    let count = u64::try_from(model.frames.len()).unwrap();
    if let Some(records) = maybe
        && opened.last.number() == count + 1
    {
        model.take(records);
    } else {
        assert_eq!(opened.last.number(), count);
    }
    assert!(opened.epoch > epoch);
    assert_eq!(opened.commit.durable(), opened.last);
    model.check(&mut *opened.state);
    opened
}

/// What every store does with batches that are out of order, and with guards.
pub(crate) fn rules(subject: &mut dyn Subject) {
    let Opened { mut commit, mut state, .. } = subject.open();
    let batch = |number: u64, guards: Vec<Guard>, records: Vec<Record>| Batch {
        sequence: Sequence::new(number),
        guards,
        records,
    };
    let put = |key: u64| Record::put(Class::Account, Key::from_u64(key), vec![1]);
    let out_of_order =
        |error: Result<(), StoreError>| assert!(matches!(error, Err(StoreError::OutOfOrder { .. })));
    out_of_order(commit.append(&batch(2, Vec::new(), vec![put(1)])));
    commit.append(&batch(1, Vec::new(), vec![put(1)])).unwrap();
    out_of_order(commit.append(&batch(2, Vec::new(), vec![put(2)])));
    // What is not durable is applied nowhere.
    out_of_order(state.apply(batch(1, Vec::new(), vec![put(1)])));
    assert_eq!(commit.sync().unwrap(), Sequence::new(1));
    out_of_order(state.apply(batch(2, Vec::new(), Vec::new())));
    state.apply(batch(1, Vec::new(), vec![put(1)])).unwrap();
    assert_eq!(commit.sync().unwrap(), Sequence::new(1));
    let guard = |key, revision| Guard {
        class: Class::Account,
        key: Key::from_u64(key),
        revision: Sequence::new(revision),
    };
    let wrong = commit.append(&batch(2, vec![guard(1, 0)], vec![put(1)]));
    match commit.conflicts() {
        Conflicts::Never => wrong.unwrap(),
        Conflicts::Possible => {
            let error = wrong.unwrap_err();
            assert!(matches!(error, StoreError::Conflict { .. }) && !error.is_poison());
            commit.append(&batch(2, vec![guard(1, 1), guard(2, 0)], vec![put(1)])).unwrap();
        }
    }
    commit.sync().unwrap();
    let too_large = Record::put(Class::Catalogue, Key::EMPTY, vec![0; super::record::VALUE_MAX + 1]);
    let error = commit.append(&batch(3, Vec::new(), vec![too_large])).unwrap_err();
    assert!(matches!(error, StoreError::ValueTooLarge { .. }) && !error.is_poison());
    commit.close().unwrap();
}
