//! Contracts, holders, numbers that change and numbers that are given anew.

use super::world::*;
use crate::charging::account::{AccountId, ContractId, Standing};
use crate::engine::core::Limits;
use crate::engine::core::command::{
    Change, CommandError, LifeChange, LifeError, NewSubscriber, SubscriberChange,
};
use crate::engine::core::query::{Query, View};
use crate::engine::core::reauth::{Reason, What};

const OWNER: &str = "900101300123";
const NEW: &str = "77770000009";

fn owned(msisdn: &str, owner: &str) -> NewSubscriber {
    NewSubscriber { owner: Some(owner.into()), ..new_subscriber(msisdn, 0) }
}

fn msisdn(place: u64) -> String {
    format!("7701000{place:04}")
}

fn end(number: &str) -> Change {
    Change::Life { msisdn: self::number(number), what: LifeChange::End { at: None, note: None } }
}

fn renumber(from: &str, to: &str) -> Change {
    Change::Renumber { msisdn: number(from), to: number(to) }
}

/// A world where an individual has ten numbers.
fn full() -> World {
    let mut world = World::new(Limits::default());
    for place in 1..=10u8 {
        world.order(place, Change::AddSubscriber(owned(&msisdn(place.into()), OWNER))).unwrap();
    }
    world
}

#[test]
fn an_individuals_eleventh_number_is_refused_unless_overridden() {
    let mut world = full();
    let eleventh = owned(&msisdn(11), OWNER);
    let why = world.order(11, Change::AddSubscriber(eleventh.clone())).unwrap_err();
    assert_eq!(why, CommandError::TooManyNumbers { owner: number(OWNER), most: 10 });
    world.restart();
    assert_eq!(world.order(12, Change::AddSubscriber(eleventh.clone())).unwrap_err(), why);
    world.order(13, end(&msisdn(1))).unwrap();
    world.order(14, Change::AddSubscriber(eleventh.clone())).unwrap();
    world
        .order(24, Change::Life { msisdn: eleventh.msisdn, what: LifeChange::PortOut { note: None } })
        .unwrap();
    let again = owned(&msisdn(14), OWNER);
    world.order(25, Change::AddSubscriber(again.clone())).unwrap();
    assert_eq!(
        world.order(26, Change::AddSubscriber(owned(&msisdn(15), OWNER))).unwrap_err(),
        why,
        "what was ported out is counted no more, what came instead is"
    );
    let twelfth = NewSubscriber { override_limit: true, ..owned(&msisdn(12), OWNER) };
    world.order(15, Change::AddSubscriber(twelfth)).unwrap();
    world.order(16, Change::AddSubscriber(new_subscriber(&msisdn(13), 0))).unwrap();
    let set = SubscriberChange { owner: Some(OWNER.into()), ..SubscriberChange::default() };
    let set = |override_limit| Change::SetSubscriber {
        msisdn: number(&msisdn(13)),
        set: SubscriberChange { override_limit, ..set.clone() },
    };
    assert_eq!(world.order(17, set(false)).unwrap_err(), why, "nor does a number become his");
    world.order(18, set(true)).unwrap();
    let mut acts = |place| match world.query(Query::Acts(number(&msisdn(place)))) {
        Ok(View::Acts(acts)) => {
            acts.into_iter().map(|act| (act.what.into(), act.operator.map(String::from))).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let anna = |what: &str| vec![(what.to_owned(), Some("anna".to_owned()))];
    assert_eq!(acts(12), anna("added above the limit of numbers"));
    assert_eq!(acts(13), anna("set owner 900101300123, above the limit of numbers"));
    world.disk.audit().unwrap();
}

#[test]
fn a_legal_entity_has_as_many_numbers_as_it_likes() {
    let mut world = World::new(Limits::default());
    for place in 1..=15u8 {
        let new = NewSubscriber { owner_is_entity: true, ..owned(&msisdn(place.into()), OWNER) };
        world.order(place, Change::AddSubscriber(new)).unwrap();
    }
}

#[test]
fn a_contract_has_several_accounts_and_an_account_several_numbers() {
    let mut world = World::new(Limits::default());
    world.order(1, Change::AddSubscriber(owned(&msisdn(1), OWNER))).unwrap();
    let contract = Some(ContractId(1));
    let second = NewSubscriber { contract, balance: cents(500), ..new_subscriber(&msisdn(2), 0) };
    world.order(2, Change::AddSubscriber(second)).unwrap();
    let shared = NewSubscriber { account: Some(AccountId(2)), ..new_subscriber(&msisdn(3), 0) };
    world.order(3, Change::AddSubscriber(shared)).unwrap();
    let stranger = NewSubscriber { contract, ..owned(&msisdn(4), "111111111111") };
    assert_eq!(world.order(4, Change::AddSubscriber(stranger)), Err(CommandError::OtherOwner(ContractId(1))));
    let nowhere = NewSubscriber { contract: Some(ContractId(77)), ..new_subscriber(&msisdn(5), 0) };
    assert_eq!(world.order(5, Change::AddSubscriber(nowhere)), Err(CommandError::NoContract(ContractId(77))));
    world.restart();
    let Ok(View::Contract(view)) = world.query(Query::ShowContract(ContractId(1))) else { panic!() };
    assert_eq!(view.contract.owner, Some(number(OWNER)));
    let accounts: Vec<_> = view.accounts.iter().map(|one| (one.id.0, one.contract.0, one.main)).collect();
    assert_eq!(accounts, [(1, 1, cents(0)), (2, 1, cents(500))]);
    assert_eq!(view.numbers, [1, 2, 3].map(|place| number(&msisdn(place))), "all are the holder's");
}

#[test]
fn a_number_that_changes_keeps_account_and_bundles_and_frees_the_old_one() {
    let mut world = World::new(Limits::default());
    let imsi = number("401020000000001");
    let first = NewSubscriber { imsi: Some(imsi), balance: cents(5_000), ..owned(MSISDN, OWNER) };
    world.order(1, Change::AddSubscriber(first)).unwrap();
    world.ask(initial("s"));
    assert_eq!(
        world.order(2, renumber(MSISDN, NEW)),
        Err(CommandError::SessionsOpen { msisdn: number(MSISDN), open: 1 })
    );
    world.ask(terminate("s", 1, 1_000));
    world.order(3, renumber(MSISDN, NEW)).unwrap();
    world.restart();
    let moved = world.disk.subscribers[&number(NEW)].clone();
    assert_eq!((moved.account, moved.imsi, moved.owner.as_deref()), (AccountId(1), Some(imsi), Some(OWNER)));
    assert_eq!(world.disk.subscribers[&number(MSISDN)].standing, Standing::Ended);
    let Ok(View::Contract(view)) = world.query(Query::ShowContract(ContractId(1))) else { panic!() };
    assert_eq!(view.numbers, [number(NEW)]);
    assert_eq!(world.order(4, renumber(MSISDN, NEW)), Err(CommandError::Ended(number(MSISDN))));
    for (msisdn, words) in
        [(MSISDN, "number changed to 77770000009"), (NEW, "number changed from 77010000001")]
    {
        let Ok(View::Acts(acts)) = world.query(Query::Acts(number(msisdn))) else { panic!() };
        let told: Vec<_> = acts.iter().map(|act| (&*act.what, act.operator.as_deref())).collect();
        assert_eq!(told, [(words, Some("anna"))]);
    }
    let settle = LifeChange::Settle { reference: None, note: None };
    assert_eq!(
        world.order(6, Change::Life { msisdn: number(MSISDN), what: settle }).unwrap_err(),
        CommandError::Life(LifeError::NothingOwed(number(MSISDN))),
        "the money went on with the contract"
    );
    world.order(7, Change::AddSubscriber(new_subscriber(MSISDN, 0))).unwrap();
    let Ok(View::Acts(acts)) = world.query(Query::Acts(number(MSISDN))) else { panic!() };
    assert!(acts.is_empty(), "whoever has the number next does not see what was done to it before: {acts:?}");
    let why = world.order(5, Change::AddSubscriber(new_subscriber(NEW, 0))).unwrap_err();
    assert_eq!(why, CommandError::DuplicateSubscriber(number(NEW)));
}

#[test]
fn a_reused_number_never_sees_the_former_holder() {
    let mut world = World::with_money(Limits::default(), 5_000);
    world.ask(initial("s"));
    world.ask(update("s", 1, 5_000_000));
    world.ask(terminate("s", 2, 1_000));
    let debt = world.disk.main(1);
    assert!(debt.is_negative());
    world.order(1, end(MSISDN)).unwrap();
    world.order(2, Change::AddSubscriber(new_subscriber(MSISDN, 700))).unwrap();
    let Ok(View::Subscriber(view)) = world.query(Query::ShowSubscriber(number(MSISDN))) else { panic!() };
    assert_eq!((view.account.id, view.account.main, view.sessions), (AccountId(2), cents(700), 0));
    let explain = Query::Explain { msisdn: number(MSISDN), session: None, limit: 100 };
    let Ok(View::Explanation(told)) = world.query(explain) else { panic!() };
    assert!(told.entries.is_empty() && told.refusals.is_empty(), "{told:?}");
    let new = world.disk.subscribers[&number(MSISDN)].clone();
    world.ask(update("s", 3, 2_000));
    assert_eq!(world.disk.main(2), cents(700), "what the former holder used is not the new one's");
    assert_eq!(world.disk.main(1), debt.checked_sub(cents(200)).unwrap(), "the debt found later is his");
    assert_eq!(world.disk.subscribers[&number(MSISDN)], new);
    world.disk.audit().unwrap();
}

#[test]
fn the_end_of_a_contract_is_once_and_reaches_open_sessions() {
    let mut world = World::with_money(Limits::default(), 5_000);
    world.ask(initial("s"));
    assert_eq!(
        world.order(1, Change::AddSubscriber(new_subscriber(MSISDN, 0))),
        Err(CommandError::DuplicateSubscriber(number(MSISDN)))
    );
    let Ok(View::Done { done, .. }) = world.order(2, end(MSISDN)) else { panic!() };
    assert!(done.changed);
    let again = world.order(3, end(MSISDN)).unwrap_err();
    assert_eq!(again, CommandError::Life(LifeError::Ended(number(MSISDN))));
    world.pass(1);
    let Ok(View::Session(shown)) = world.query(Query::ShowSession(initial("s").session)) else { panic!() };
    let asked = shown.outstanding.map(|asked| (asked.what, asked.reason));
    assert!(matches!(asked, Some((What::Reauthorise(_), Reason::Block))), "{asked:?}");
    assert_eq!(
        world.order(4, Change::AddSubscriber(new_subscriber(MSISDN, 0))),
        Err(CommandError::SessionsOpen { msisdn: number(MSISDN), open: 1 })
    );
    world.ask(terminate("s", 1, 1_000));
    assert_eq!(world.disk.main(1), cents(4_900), "what was used until then is charged");
    assert_eq!(
        world.order(5, Change::AddSubscriber(new_subscriber(MSISDN, 0))),
        Err(CommandError::NotSettled(number(MSISDN))),
        "his money is found by his number"
    );
    let what = LifeChange::Settle { reference: None, note: None };
    world.order(6, Change::Life { msisdn: number(MSISDN), what }).unwrap();
    world.order(7, Change::AddSubscriber(new_subscriber(MSISDN, 0))).unwrap();
}
