//! Pages in sled against a map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::apply::{Change, Changes};
use super::{Facts, Tree};
use crate::store::files::SystemDisk;
use crate::store::record::{Class, Key, PART_MAX};
use crate::store::{Sequence, StoreError, sys};

const CACHE: u64 = 8 * 1024 * 1024;

fn apply(tree: &mut Tree, changes: &Changes, pages: usize) {
    let mut cursor = None;
    loop {
        cursor = tree.apply(changes, cursor, pages, Sequence::new(1)).unwrap();
        if cursor.is_none() {
            return;
        }
    }
}

fn all(tree: &mut Tree, class: Class) -> BTreeMap<Key, (u64, Vec<u8>)> {
    let mut out = BTreeMap::new();
    let mut from = Some(Key::EMPTY);
    while let Some(key) = from {
        let found = tree.scan(class, &key, 7).unwrap();
        from = found.last().and_then(|(key, _)| key.next()).filter(|_| found.len() == 7);
        out.extend(found.into_iter().map(|(key, loaded)| (key, (loaded.revision.number(), loaded.value))));
    }
    out
}

#[test]
fn many_records_in_order_and_their_removal_leave_nothing() {
    sys::guard().unwrap();
    let dir = crate::store::testing::dir();
    let mut tree = Tree::open(dir.path(), CACHE).unwrap();
    let change = |key: u64, value: Option<usize>| {
        let value = value.map(|octets| vec![3; octets]);
        ((Class::Account, Key::from_u64(key)), Change { revision: Sequence::new(key), value })
    };
    let puts: Changes = (0..20_000).map(|key| change(key, Some(200))).collect();
    apply(&mut tree, &puts, 64);
    assert_eq!(all(&mut tree, Class::Account).len(), 20_000);
    assert_eq!(tree.load(Class::Account, &Key::from_u64(777)).unwrap().unwrap().revision.number(), 777);
    assert_eq!(tree.load(Class::Session, &Key::from_u64(777)).unwrap(), None);
    assert!(tree.verify(None, u64::MAX).unwrap().1 > 20_000 * 200);
    let most: Changes = (0..20_000).filter(|key| key % 40 != 0).map(|key| change(key, None)).collect();
    apply(&mut tree, &most, 64);
    assert_eq!(all(&mut tree, Class::Account).len(), 500);
    // What is left of small pages was put together.
    assert!(tree.verify(None, u64::MAX).unwrap().1 < 500 * 240 * 4, "{:?}", tree.verify(None, u64::MAX));
    let rest: Changes = (0..20_000).map(|key| change(key, None)).collect();
    apply(&mut tree, &rest, 64);
    assert_eq!(tree.verify(None, u64::MAX).unwrap(), (None, 0));
}

#[test]
fn facts_are_there_after_a_restart() {
    sys::guard().unwrap();
    let dir = crate::store::testing::dir();
    let facts = Facts { store: [4; 16], sentinel: Sequence::new(9), high: Sequence::new(11) };
    let mut tree = Tree::open(dir.path(), CACHE).unwrap();
    assert_eq!(tree.facts().unwrap(), None);
    tree.seal(facts, &SystemDisk).unwrap();
    tree.close();
    std::fs::write(dir.path().join("snap.000000000000FFFF.generating"), b"torn").unwrap();
    let mut tree = Tree::open(dir.path(), CACHE).unwrap();
    assert_eq!(tree.facts().unwrap(), Some(facts));
    assert!(dir.path().join("torn.snap.000000000000FFFF").exists());
}

#[test]
fn after_a_failure_it_is_not_called_again() {
    sys::guard().unwrap();
    let dir = crate::store::testing::dir();
    let mut tree = Tree::open(dir.path(), CACHE).unwrap();
    let failed: Result<(), StoreError> = tree.run(|_| panic!("planted"));
    assert!(failed.unwrap_err().to_string().contains("planted"));
    assert!(tree.failure().unwrap().contains("planted"));
    assert!(matches!(tree.load(Class::Account, &Key::EMPTY), Err(StoreError::State { .. })));
}

fn changes() -> impl Strategy<Value = Vec<(u8, u16, Option<usize>)>> {
    let octets = prop_oneof![
        3 => Just(None),
        8 => (0_usize..400).prop_map(Some),
        1 => (PART_MAX - 3..3 * PART_MAX).prop_map(Some),
    ];
    proptest::collection::vec((0_u8..2, 0_u16..400, octets), 1..300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn pages_hold_what_a_map_holds(rounds in proptest::collection::vec((changes(), 1_usize..9), 1..6)) {
        sys::guard().unwrap();
        let dir = crate::store::testing::dir();
        let mut tree = Tree::open(dir.path(), CACHE).unwrap();
        let mut model: BTreeMap<(Class, Key), (u64, Vec<u8>)> = BTreeMap::new();
        let mut revision = 0;
        for (round, pages) in rounds {
            let mut sorted = Changes::new();
            for (class, key, octets) in round {
                revision += 1;
                let class = if class == 0 { Class::Account } else { Class::Catalogue };
                // Keys of different lengths, of which some begin others.
                let key = Key::new(key.to_string().as_bytes()).unwrap();
                let value = octets.map(|octets| vec![u8::try_from(revision % 256).unwrap(); octets]);
                match &value {
                    Some(value) => model.insert((class, key), (revision, value.clone())),
                    None => model.remove(&(class, key)),
                };
                sorted.insert((class, key), Change { revision: Sequence::new(revision), value });
            }
            apply(&mut tree, &sorted, pages);
            for class in [Class::Account, Class::Catalogue] {
                let of_class: BTreeMap<Key, (u64, Vec<u8>)> =
                    model.iter().filter(|((of, _), _)| *of == class).map(|((_, key), value)| (*key, value.clone())).collect();
                prop_assert_eq!(&all(&mut tree, class), &of_class);
                for (key, (revision, value)) in of_class {
                    let loaded = tree.load(class, &key).unwrap().unwrap();
                    prop_assert_eq!((loaded.revision.number(), loaded.value), (revision, value));
                }
            }
            tree.verify(None, u64::MAX).unwrap();
        }
    }
}
