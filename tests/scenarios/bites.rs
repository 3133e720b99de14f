//! The runner bites: an expectation that is wrong fails and says where and why, and so does a file that is written wrongly.

use crate::lex::Mistake;
use crate::run::run;
use crate::script::Script;

/// A number with money, and a call that is under way.
const CALL: &str = "scenario: planted
given: 77010000001 plan comfort balance 100.00 owner 900101300123
77010000001 voice start session call to 77051234567 -> 2001
";

fn ran(text: &str) -> Result<(), Mistake> {
    let script = Script::read(text)?;
    script.scenarios.iter().try_for_each(run)
}

/// Runs it; the place and the message of what is wrong.
fn wrong(text: &str) -> (usize, usize, String) {
    let mistake = ran(text).expect_err(text);
    (mistake.at.line, mistake.at.column, mistake.message)
}

/// Expectations of an answer that are wrong: the request, what is wrongly expected, and what is said to be found.
const ANSWERS: &[(&str, &str, &str)] = &[
    ("voice update used 5s", "4012", "expected 4012, found 2001"),
    ("voice update used 5s", "2001 granted 61s", "expected granted 61s, found granted 60s"),
    ("voice update used 5s", "2001 granted 60MB", "found granted 60s"),
    ("voice update used 5s asks nothing", "2001 granted 60s", "found no grant"),
    ("voice update used 5s", "2001 no grant", "expected no grant, found granted 60s"),
    ("voice update used 5s", "2001 final terminate", "expected final terminate, found none with granted 60s"),
    ("voice update used 5s", "2001 limited terminate", "expected limited terminate, found none"),
    ("voice update used 5s", "2001 refused 4012", "expected refused 4012, found code 2001"),
    ("voice update used 5s", "2001 validity 1s", "expected validity 1s, found 600s"),
    ("voice update used 5s", "2001 message \"x\"", "expected a message with \"x\", found none"),
    ("voice update used 5s", "2001 cost 1.00", "expected cost 1.00, found none"),
    ("voice update used 5s", "2001 enough", "expected enough, found none"),
    ("voice update used 5s", "2001 remaining 1.00", "expected remaining 1.00, found "),
    ("voice update used 5s", "2001 low balance", "expected low balance, found no low balance"),
    ("voice update used 5s", "2001 total 1.00", "expected total 1.00, found none"),
    ("voice update used 5s", "2001 announcement 9", "expected announcement 9, found"),
    ("data start group 10", "2001 holding 1s", "expected holding 1s, found 600s"),
    ("data start group 10", "2001 threshold 1MB", "expected threshold 1MB, found 10MB"),
    ("data start group 10", "2001 no threshold", "expected no threshold, found threshold 10MB"),
    ("data start group 10", "2001 change 2026-01-01", "expected change 2025-12-31T19:00:00Z, found none"),
    (
        "data start group 10",
        "2001 group 11 granted 1MB",
        "expected a part of that name, found parts of group 10",
    ),
    (
        "data start group 10 group 20",
        "2001 granted 1MB",
        "say of which part: the answer has group 10, group 20",
    ),
    ("sms price to 77051234567", "2001 cost 1.00", "expected cost 1.00, found 15.00"),
    ("sms check to 77051234567", "2001 not enough", "expected not enough, found enough"),
];

#[test]
fn a_wrong_expectation_of_an_answer_fails_and_says_what_was_found() {
    for (request, expected, found) in ANSWERS {
        let (line, column, message) = wrong(&format!("{CALL}77010000001 {request} -> {expected}\n"));
        assert!(
            line == 4 && column > request.len() && message.contains(found),
            "{request} -> {expected}: {message}"
        );
    }
}

#[test]
fn a_refused_part_that_is_not_named_fails() {
    let text = "scenario: planted
given: 77010000001 plan payg balance 0.00
77010000001 data start group 10, group 20 -> 2001 group 20 granted 5MB
";
    let (line, _, message) = wrong(text);
    assert_eq!(
        (line, message.as_str()),
        (3, "expected no part refused that is not named, found group 10 refused 4012")
    );
}

#[test]
fn a_last_grant_that_is_not_named_fails() {
    let text = "scenario: planted
given: 77010000001 plan payg balance 25.00
77010000001 voice start to 77051234567 -> 2001 granted 60s
";
    let (line, _, message) = wrong(text);
    assert_eq!(
        (line, message.as_str()),
        (3, "expected a grant that is not the last, found the answer final terminate")
    );
}

/// Expectations of the books that are wrong, and what is said to be found.
const BOOKS: &[(&str, &str)] = &[
    ("balance 99.00", "expected balance 99.00, found 100.00"),
    ("available 99.00", "expected available 99.00, found "),
    ("reserved 99.00", "expected reserved 99.00, found "),
    ("bonus 1.00", "expected bonus 1.00, found 0.00"),
    ("credit-limit 1.00", "expected credit-limit 1.00, found 0.00"),
    ("overdraft 1.00", "expected overdraft 1.00, found 0.00"),
    ("status blocked", "expected status blocked, found active"),
    ("plan payg", "expected plan payg, found comfort"),
    ("mode credit", "expected mode credit, found advance"),
    ("brand activ", "expected brand activ, found kcell"),
    ("account 2", "expected account 2, found 1"),
    ("owner 1", "expected owner 1, found 900101300123"),
    ("language kk", "expected language kk, found none"),
    ("overage false", "expected overage false, found true"),
    ("sessions 0", "expected sessions 0, found 1"),
    ("emergency-calls 1", "expected emergency-calls 1, found 0"),
    ("last-use 2026-01-01", "expected last-use 2026-01-01T00:00:00+05:00, found none"),
    ("ends 2026-01-01", "expected ends 2026-01-01T00:00:00+05:00, found none"),
    ("ended-at 2026-01-01", "expected ended-at"),
    ("ended request", "expected ended request, found none"),
    ("settlement debt", "expected settlement debt, found none"),
    ("settlement-balance 1.00", "expected settlement-balance 1.00, found none"),
    ("settlement-from 2026-01-01", "expected settlement-from"),
    ("settlement-due 2026-01-01", "expected settlement-due"),
    ("refunded 1.00", "expected refunded 1.00, found none"),
    ("field /balance/main 1", "expected /balance/main 1, found 100.00"),
    ("field /nowhere 1", "expected /nowhere 1, found nothing there"),
    ("allowance data10 1GB", "expected data10 1GB, found data10 10GB reserved 0B"),
    ("allowance data10 10GB reserved 1B", "expected data10 10GB reserved 1B, found"),
    ("allowance data11 10GB", "expected data11 10GB, found"),
    ("no allowance data10", "expected no allowance data10, found"),
    ("block theft", "expected block theft, found nobody"),
    ("barred sms", "expected barred sms, found nobody"),
    ("2 ledger entries", "expected 2 ledger entries, found 1: advance +100.00"),
    ("no ledger entries", "expected 0 ledger entries, found 1"),
    ("entry 1 topup 100.00", "expected topup 100.00, found advance +100.00"),
    ("entry 1 advance 99.00", "expected advance 99.00, found advance +100.00"),
    ("entry 2 charge 1.00", "expected an entry there, found 1 entries"),
    ("entry last advance 100.00 balance 1.00", "expected balance 1.00, found 100.00"),
    ("entry last advance 100.00 reference r", "expected reference r, found none"),
    ("entry last advance 100.00 operator anna", "expected operator anna, found cli"),
    ("entry last advance 100.00 used 1s", "expected used 1s, found none"),
    ("entry last advance 100.00 request 1", "expected request 1, found none"),
    ("entry last advance 100.00 rate x", "expected rate x, found none"),
    (
        "entry last advance 100.00 at 2026-01-01",
        "expected at 2026-01-01T00:00:00+05:00, found 2026-01-01T09:00:00+05:00",
    ),
    ("history blocked", "expected an act with \"blocked\", found nobody"),
    ("1 act", "expected 1 acts, found 0: nobody"),
    ("refusal blocked", "expected a refusal blocked, found nobody"),
    ("2 refusals", "expected 2 refusals, found 0: nobody"),
    ("asked call", "expected \"call\" asked, found nobody"),
    ("77010000009 balance 1.00", "expected the number 77010000009, found there is no subscriber 77010000009"),
];

#[test]
fn a_wrong_expectation_of_the_books_fails_and_says_what_was_found() {
    for (expected, found) in BOOKS {
        let (line, column, message) = wrong(&format!("{CALL}expect: {expected}\n"));
        assert!(line == 4 && column >= 9 && message.contains(found), "{expected}: {message}");
    }
}

/// The same for what stands only after something was done.
const AFTER: &[(&str, &str, &str)] = &[
    ("gyro block add 77010000001 --reason theft", "no blocks", "expected no blocks, found theft"),
    ("gyro block add 77010000001 --reason theft", "nobody asked", "expected nobody asked, found call"),
    ("gyro block add 77010000001 --reason theft", "no acts", "expected 0 acts, found 1"),
    ("gyro subscriber set 77010000001 --bar sms", "nothing barred", "expected nothing barred, found sms"),
    ("gyro subscriber end 77010000001", "not ended", "expected not ended, found ended request"),
    (
        "gyro subscriber end 77010000001 --at 2026-02-01",
        "ends never",
        "expected ends never, found 2026-02-01T00:00:00",
    ),
    ("77010000001 voice start context x@y.kz -> 5031", "no refusals", "expected 0 refusals, found 1"),
];

#[test]
fn a_wrong_expectation_after_something_was_done_fails() {
    for (step, expected, found) in AFTER {
        let (line, _, message) = wrong(&format!("{CALL}{step}\nexpect: {expected}\n"));
        assert!(line == 5 && message.contains(found), "{step}, {expected}: {message}");
    }
}

/// Expectations of a command that are wrong.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("account topup 77010000001 1.00", "says \"no\"", "expected \"no\", found \"topped up 77010000001"),
    ("account topup 77010000001 1.00", "mentions \"no such\"", "expected something with \"no such\", found"),
    ("account topup 77010000001 1.00", "without \"balance\"", "expected nothing with \"balance\", found"),
    ("account topup 77010000001 1.00", "refused", "expected a refusal, found done"),
    (
        "account topup 77010000002 1.00",
        "refused \"other\"",
        "expected a refusal with \"other\", found \"gyro: there is no",
    ),
    (
        "account topup 77010000002 1.00",
        "mentions \"1\"",
        "expected a command that is done, found gyro: there is no",
    ),
    ("subscriber show 77010000001", "field /plan payg", "expected /plan payg, found comfort"),
    ("subscriber show 77010000001", "field /none 1", "expected /none 1, found nothing there"),
];

#[test]
fn a_wrong_expectation_of_a_command_fails_and_says_what_was_found() {
    for (command, expected, found) in COMMANDS {
        let (line, _, message) = wrong(&format!("{CALL}gyro {command} -> {expected}\n"));
        assert!(line == 4 && message.contains(found), "{command} -> {expected}: {message}");
    }
    let (line, _, message) =
        wrong(&format!("{CALL}gyro account topup 77010000002 1.00\nexpect: balance 100.00\n"));
    assert!(line == 4 && message.contains("expected a command that is done"), "{message}");
}

/// What can be written wrongly, where that is told, and what is said of it.
const MISTAKES: &[(&str, (usize, usize), &str)] = &[
    ("", (1, 1), "expected a scenario, found the end of the file"),
    ("scenario:", (1, 10), "expected what the scenario shows"),
    ("later 5s", (1, 1), "expected scenario: or tariff:, found \"later\""),
    ("scenario: a\n  later 5s", (1, 1), "this scenario expects nothing"),
    (
        "scenario: a\nexpect: 77010000001 balance 1\nscenario: a",
        (3, 1),
        "the file has a scenario \"a\" already",
    ),
    ("scenario: a\n  wait 5s", (2, 3), "expected one of scenario:, tariff:, given:"),
    ("scenario: a\n\texpect: x", (2, 1), "a tab: write blanks"),
    ("scenario: a\n  later 5x", (2, 9), "expected a span like 90s, 10min, 25h, 2d or 1h+30min, found \"5x\""),
    ("scenario: a\n  later 5s more", (2, 12), "expected the end of the line, found \"more\""),
    ("scenario: a\n  at 2026-13-01", (2, 6), "expected a date like 2026-11-23"),
    ("scenario: a\n  at 2026-11-01 25:00", (2, 17), "expected a time like 12:00"),
    ("scenario: a\n  restart after", (2, 16), "expected a span"),
    ("scenario: a\n  tariff: none.toml\n  expect: 77010000001 balance 1", (2, 3), "none.toml"),
    (
        "scenario: a\n  tariff:\n  expect: 77010000001 balance 1",
        (2, 10),
        "expected lines below that stand deeper",
    ),
    ("scenario: a\n  tariff:\n    format = 2\n  expect: 77010000001 balance 1", (2, 3), "format"),
    ("scenario: a\n  given: 7701 plan payg", (2, 10), "expected a number of 5 to 15 digits, found \"7701\""),
    ("scenario: a\n  given: 77010000001 plan", (2, 26), "expected the plan, found the end of the line"),
    ("scenario: a\n  given: 77010000001 money 1", (2, 22), "expected one of plan, imsi, mode, balance"),
    ("scenario: a\n  given: 77010000001 balance 1", (2, 10), "gyro does not take this"),
    ("scenario: a\n  given: 77010000001 plan none\n  expect: balance 1", (2, 3), "there is no plan \"none\""),
    ("scenario: a\n  given: 77010000001 plan payg balance 1.001", (2, 10), "gyro does not take this"),
    ("scenario: a\n  gyro account pay 77010000001", (2, 3), "gyro does not take this"),
    ("scenario: a\n  gyro block list -> prints \"x\"", (2, 22), "expected one of says"),
    ("scenario: a\n  gyro block list -> says", (2, 26), "expected a text in quotation marks"),
    ("scenario: a\n  gyro block list -> field plan x", (2, 28), "expected a path like /balance/main"),
    ("scenario: a\n  gyro block list ->", (2, 21), "expected one of says"),
    ("scenario: a\n  gyro block list -> says \"x", (2, 27), "expected a closing quotation mark"),
    ("scenario: a\n  77010000001 voice", (2, 20), "expected what is asked: start, update, stop"),
    ("scenario: a\n  77010000001 voice call", (2, 21), "expected what is asked: start, update, stop"),
    ("scenario: a\n  77010000001 voice start for x", (2, 27), "expected one of session, to, dialled"),
    ("scenario: a\n  77010000001 voice stop used 45", (2, 31), "expected an amount like 45s"),
    ("scenario: a\n  77010000001 voice stop used 1s+1MB", (2, 31), "expected an amount like 45s"),
    ("scenario: a\n  77010000001 voice stop used 1s group 1", (2, 3), "say whose they are"),
    ("scenario: a\n  77010000001 voice stop reason bored", (2, 33), "expected why it is reported: threshold"),
    ("scenario: a\n  77010000001 voice stop changed mood", (2, 34), "expected what has changed: radio"),
    ("scenario: a\n  77010000001 voice stop radio loud", (2, 32), "expected a radio: geran"),
    ("scenario: a\n  77010000001 voice start ->", (2, 29), "expected `lost` or a Result-Code"),
    (
        "scenario: a\n  77010000001 voice start -> yes",
        (2, 30),
        "expected `lost` or a Result-Code like 2001, found \"yes\"",
    ),
    ("scenario: a\n  77010000001 voice start -> lost 2001", (2, 35), "nothing follows `lost`"),
    ("scenario: a\n  77010000001 voice start -> 2001 given 1s", (2, 35), "expected one of granted"),
    (
        "scenario: a\n  77010000001 voice start -> 2001 final stop",
        (2, 41),
        "expected terminate, redirect ADDRESS",
    ),
    (
        "scenario: a\n  77010000001 fax start -> 2001",
        (2, 15),
        "expected a service of the tariff: data, voice, sms, found \"fax\"",
    ),
    ("scenario: a\n  77010000001 voice start profile none -> 2001", (2, 3), "expected a profile: "),
    (
        "scenario: a\n  77010000001 voice update -> 2001",
        (2, 3),
        "no voice session of 77010000001 was started",
    ),
    (
        "scenario: a\n  77010000001 sms refund refunds e -> 2001",
        (2, 3),
        "expected an answer to \"e\" with a token, found none",
    ),
    ("scenario: a\n  again -> 2001", (2, 3), "nothing was asked that could be asked again"),
    ("scenario: a\n  expect:", (2, 10), "expected a number, or one of balance"),
    ("scenario: a\n  expect: mood good", (2, 11), "expected a number, or one of balance"),
    ("scenario: a\n  expect: balance much", (2, 19), "expected money like 12.50 or -3.00, found \"much\""),
    ("scenario: a\n  expect: balance 1.0000001", (2, 19), "expected money like 12.50"),
    (
        "scenario: a\n  expect: entry first charge 1",
        (2, 17),
        "expected `last`, or the place of an entry from 1",
    ),
    ("scenario: a\n  expect: balance 1.00", (2, 11), "say of which number: there are several"),
    (
        "scenario: a\n  unpaid 77010000001 since 2026-01-01\n  expect: 77010000001 balance 1",
        (2, 3),
        "77010000001 was not given",
    ),
    ("scenario: a\n  file a/b:\n    x", (2, 8), "expected the plain name of a file"),
    (
        "scenario: a\n  given: 77010000001 plan payg\n  at 2020-01-01\n  expect: balance 0.00",
        (3, 6),
        "expected a time that is still to come",
    ),
];

#[test]
fn every_mistake_is_told_with_its_place_and_what_could_stand_there() {
    for (text, place, said) in MISTAKES {
        let (line, column, message) = wrong(text);
        assert!((line, column) == *place && message.contains(said), "{text:?}: {line}:{column}: {message}");
    }
}

#[test]
fn a_mistake_is_shown_with_its_line() {
    let mistake = ran("scenario: a\n  later 5x").unwrap_err();
    let shown = mistake.shown(std::path::Path::new("a.txt"), "scenario: a\n  later 5x");
    assert_eq!(
        shown,
        "a.txt:2:9: expected a span like 90s, 10min, 25h, 2d or 1h+30min, found \"5x\"\n    2 |   later 5x\n      |         ^"
    );
}
