use super::*;
use crate::charging::account::AccountId;
use crate::charging::account::credit::LINES;
use crate::charging::books::operations::tests::cents;

#[test]
fn shares_are_rounded_half_up_to_hundredths() {
    for (micros, part, whole, expected) in [
        (3_990_000_000, 120_000, 1_120_000, 42_750),
        (5_000, 1, 1, 1),
        (4_999, 1, 1, 0),
        (-5_000, 1, 1, -1),
        (0, 1, 0, 0),
    ] {
        assert_eq!(share(micros, part, whole), cents(expected), "{micros}");
    }
}

#[test]
fn lines_beyond_the_most_go_into_one_of_their_sort() {
    let mut book = CreditBook::default();
    for service in 0..LINES + 10 {
        book.enter(Sort::Use, &format!("s{service}"), cents(-1));
    }
    book.enter(Sort::Fee, "plan", cents(-2));
    book.enter(Sort::Use, "s0", cents(-1));
    assert_eq!(book.lines.len(), LINES + 2);
    assert_eq!(
        (book.lines[0].amount, book.lines[LINES].amount, book.lines[LINES].entries),
        (cents(-2), cents(-10), 10)
    );
    book.enter(Sort::Use, "s0", Money::ZERO);
    assert_eq!(book.lines[0].entries, 2, "nothing is no line");
}

#[test]
fn an_account_with_nothing_to_do_rests_after_the_end_of_its_contract() {
    let mut account = Account::new(AccountId(1), Mode::Credit);
    let rules = BillingRules::default();
    let ledgers = Ledgers { rules: &rules, zone: &Zone::UTC, now: Timestamp::EPOCH };
    assert!(ledgers.begin(&mut account) && !ledgers.begin(&mut account));
    assert!(next(&account).is_some());
    account.life.numbers = Some(0);
    assert_eq!(next(&account), None);
    let act = Act::default();
    account.post(cents(-5), EntryKind::Late, act, None).unwrap();
    assert!(next(&account).is_some(), "late use still comes in an invoice");
}
