//! What tariff files say, what is told about faults in them, and that no file can do harm.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::charging::account::Mode;
use crate::charging::answer::{FinalUnit, Reach, Redirect};
use crate::charging::catalogue::{
    Announcements, BonusOrder, Limitation, LowBalance, PlanIx, ServiceIx, Then, Whereabouts,
};
use crate::charging::free_numbers::{NumberClass, called};
use crate::charging::request::Role;
use crate::charging::units::{Money, Unit};
use crate::time::Timestamp;

mod fees;
mod roaming;

const FIRST: &str = include_str!("../../examples/tariffs/first.toml");

/// The head that a short tariff in a test begins with: ten lines.
const HEAD: &str = r#"format = 1
currency = "KZT"
timezone = "Asia/Almaty"
[services]
data = { context = "32251@3gpp.org" }
voice = { context = "32260@3gpp.org" }
sms = { context = "32274@3gpp.org" }
[rating_groups]
10 = { service = "data" }
20 = { service = "data", price = "0" }
"#;

/// Writes files into a folder of their own and loads it.
fn load_files(files: &[(&str, &str)]) -> Result<Loaded, TariffErrors> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    load(folder.path()).map_err(|errors| without_folder(errors, folder.path()))
}

/// The errors with the names of files alone.
fn without_folder(mut errors: TariffErrors, folder: &Path) -> TariffErrors {
    for report in &mut errors.errors {
        report.file = report.file.strip_prefix(folder).unwrap().to_owned();
        if let Some((file, _, _)) = &mut report.other {
            *file = file.strip_prefix(folder).unwrap().to_owned();
        }
    }
    errors
}

/// What a tariff is warned of, but for services that its plans do not sell.
fn unmeant(loaded: &Loaded) -> Vec<Report> {
    let gap = |report: &&Report| {
        matches!(&report.problem, Problem::Fault(FaultKind::Gap { .. } | FaultKind::ElsewhereGap { .. }))
    };
    loaded.warnings.iter().filter(|report| !gap(report)).cloned().collect()
}

/// Loads `HEAD` and what follows it; the errors without their excerpts.
fn told(tail: &str) -> Vec<String> {
    told_of(&format!("{HEAD}{tail}"))
}

fn told_of(text: &str) -> Vec<String> {
    let errors = load_files(&[("t.toml", text)]).err().map(|errors| errors.errors).unwrap_or_default();
    errors.into_iter().map(|report| Report { excerpt: None, ..report }.to_string()).collect()
}

#[test]
fn the_first_tariff_of_the_examples_is_sound_and_says_what_it_says() {
    let loaded = load_files(&[("first.toml", FIRST)]).unwrap();
    assert_eq!(loaded.warnings, []);
    let tariff = loaded.catalogue;
    assert_eq!((tariff.currency().as_str(), tariff.timezone()), ("KZT", "Asia/Almaty"));
    let [data, voice, sms] = ["32251@3gpp.org", "8.32260@3gpp.org", "02.401.12.32274@3GPP.ORG"]
        .map(|context| tariff.service_of(context).unwrap());
    assert_eq!(tariff.service(data).unwrap().unit, Unit::Octets);
    assert_eq!(tariff.service(voice).unwrap().max_call_secs, Some(7_200));
    assert_eq!(tariff.service_of("x32274@3gpp.org"), None);
    assert_eq!(tariff.numbers().classify("+7112"), NumberClass::Emergency);
    assert!(tariff.rating_group(20).unwrap().free && tariff.rating_group(40).is_none());
    let [comfort, payg, post] = ["comfort", "payg", "post"].map(|name| tariff.plan_named(name).unwrap());

    // What, which group, to whom, the price of what is bought.
    let price = |plan: PlanIx, service: ServiceIx, group: Option<u32>, to: &str| {
        let found =
            tariff.match_rate(plan, service, group, (called(to), Role::default()), Timestamp::EPOCH)?;
        let to = found.destination.and_then(|to| tariff.destination_name(to)).unwrap_or("");
        Some((found.rate.price.to_string(), found.rate.per, to.to_owned()))
    };
    let is = |price: &str, per: u64, to: &str| Some((price.to_owned(), per, to.to_owned()));
    assert_eq!(price(comfort, data, Some(10), ""), is("5.00", 1 << 20, ""));
    assert_eq!(price(comfort, data, Some(30), ""), is("2.50", 1 << 20, ""));
    assert_eq!(price(comfort, data, Some(77), ""), is("5.00", 1 << 20, ""));
    assert_eq!(price(comfort, data, None, ""), is("5.00", 1 << 20, ""));
    assert_eq!(price(comfort, voice, None, "87011234567"), is("0.00", 60, "on_net"));
    assert_eq!(price(comfort, voice, None, "tel:+77051234567"), is("11.00", 60, "kz_mobile"));
    assert_eq!(price(comfort, voice, None, "+77272501234"), is("11.00", 60, "kz_fixed"));
    assert_eq!(price(comfort, voice, None, "+4930901820"), is("120.00", 60, ""));
    assert_eq!(price(comfort, sms, None, "7701"), is("0.00", 1, "payments"));
    assert_eq!(price(comfort, sms, None, "+77011234567"), is("15.00", 1, ""));
    assert_eq!(price(payg, voice, None, "+77011234567"), is("25.00", 60, "on_net"));
    assert_eq!(price(post, data, None, ""), None);

    let bundles = |plan, service, group, to: &str| {
        tariff.bundles_for(plan, service, group, called(to)).map(|(_, one)| &*one.id).collect::<Vec<_>>()
    };
    assert_eq!(bundles(comfort, data, Some(10), ""), ["data10"]);
    assert_eq!(bundles(comfort, data, Some(77), ""), [""; 0]);
    assert_eq!(bundles(comfort, voice, None, "+77051234567"), ["offnet100"]);
    assert_eq!(bundles(comfort, voice, None, "+77011234567"), [""; 0], "on-net is no off-net");
    assert_eq!(bundles(post, data, Some(77), ""), ["data30"]);

    let quota = tariff.quota(comfort, data, None).unwrap();
    assert_eq!((quota.grant, quota.threshold_percent), (Some(50 << 20), Some(20)));
    assert_eq!((quota.validity_secs, quota.holding_secs), (3_600, Some(600)));
    let quota = tariff.quota(payg, data, None).unwrap();
    assert_eq!((quota.grant, quota.threshold_percent, quota.validity_secs), (Some(5 << 20), Some(20), 1_800));
    assert_eq!(tariff.quota(payg, sms, None).unwrap().grant, None);
    assert_eq!(tariff.quota(payg, voice, None).unwrap().grant, Some(60));
    let plan = tariff.plan(payg).unwrap();
    assert_eq!(plan.modes, [Mode::Advance]);
    let rate = tariff
        .match_rate(payg, voice, None, (called("+15550000000"), Role::default()), Timestamp::EPOCH)
        .unwrap()
        .rate;
    assert_eq!((rate.connect, rate.step, rate.first), (Money::from_micros(10_000_000), 60, 0));
    assert_eq!(
        tariff.plan(post).unwrap().bundles.iter().map(|one| one.then).collect::<Vec<_>>(),
        [Then::Stop, Then::Rates]
    );
}

#[test]
fn a_quota_follows_its_rating_group_its_radio_and_the_balance() {
    let tail = r#"[plans.p.quota]
low_balance = { below = "200", divisor = 4 }
data = { grant = "8MB", most = "1GB", radio = { geran = "1MB", nr = "64MB" }, rating_groups = { 10 = { grant = "2MB", holding = "none" } } }
voice = { consumption = "5s" }
[[plans.p.rate]]
service = "sms"
price = "1"
"#;
    let tariff = load_files(&[("t.toml", &format!("{HEAD}{tail}"))]).unwrap().catalogue;
    let plan = tariff.plan_named("p").unwrap();
    let [data, voice] = ["data", "voice"].map(|name| tariff.service_named(name).unwrap());
    let whole = tariff.quota(plan, data, None).unwrap();
    let over = |radio| whole.grant_over(radio).unwrap() >> 20;
    // E-UTRAN, GERAN, NR, a virtual one, none
    assert_eq!([Some(6), Some(2), Some(51), Some(7), None].map(over), [8, 1, 64, 8, 8]);
    assert_eq!((whole.most, whole.holding_secs), (Some(1 << 30), Some(600)));
    let low = tariff.plan(plan).unwrap().low_balance.unwrap();
    assert_eq!((low.below.to_string(), low.divisor), ("200.00".to_owned(), 4));
    let group = tariff.quota(plan, data, Some(10)).unwrap();
    assert_eq!((group.grant, group.holding_secs, group.most), (Some(2 << 20), None, Some(1 << 30)));
    assert_eq!(group.grant_over(Some(2)), Some(1 << 20));
    assert_eq!(tariff.quota(plan, data, Some(20)), Some(whole));
    let voice = tariff.quota(plan, voice, None).unwrap();
    assert_eq!(voice.consumption_secs, Some(5));
}

#[test]
fn a_catalogue_is_made_again_from_what_was_kept() {
    let world = "prefix,destination\n7,russia\n49,germany\n";
    let tail = "[destinations]\nworld = { file = \"world.csv\" }\n[[plans.p.rate]]\nservice = \"voice\"\nto = [\"world\"]\nprice = \"1\"\nper = \"1min\"\n";
    let files = [("t.toml", &*format!("{HEAD}{tail}")), ("world.csv", world), ("unused.csv", "x")];
    let (one, other) = (load_files(&files).unwrap(), load_files(&files).unwrap());
    assert_eq!((one.catalogue.version(), &one.source), (other.catalogue.version(), &other.source));
    let again = load_from_source(&one.source).unwrap();
    assert_eq!(again.version(), one.catalogue.version());
    assert_eq!(again.destinations(), one.catalogue.destinations());
    let files = [files[0], ("world.csv", "prefix,destination\n7,russia\n")];
    assert_ne!(load_files(&files).unwrap().catalogue.version(), again.version());
    assert_eq!(
        load_from_source(b"nonsense").unwrap_err().to_string(),
        "tariff: what the store kept is not the content of a tariff"
    );
    let part = &one.source[..one.source.len() - 1];
    assert!(load_from_source(part).is_err());
}

#[test]
fn the_version_of_a_content_never_changes() {
    let loaded =
        load_files(&[("t.toml", &format!("{HEAD}[[plans.p.rate]]\nservice = \"sms\"\nprice = \"1\"\n"))])
            .unwrap();
    assert_eq!(loaded.catalogue.version(), VERSION_OF_THE_SHORT_TARIFF, "{:#x}", loaded.catalogue.version());
}

/// SHA-256 of the content, computed with coreutils.
const VERSION_OF_THE_SHORT_TARIFF: u64 = 0x5166_8de0_92bc_a0c5;

#[test]
fn a_folder_is_one_tariff() {
    let other =
        "format = 1\ntimezone = \"Asia/Almaty\"\n[plans.q]\nrate = [{ service = \"sms\", price = \"2\" }]\n";
    let plan = "[[plans.p.rate]]\nservice = \"sms\"\nprice = \"1\"\n";
    let loaded =
        load_files(&[("a.toml", other), ("b.toml", &format!("{HEAD}{plan}")), ("notes.txt", "x")]).unwrap();
    let names: Vec<_> = loaded.catalogue.plans().map(|(_, plan)| &*plan.name).collect();
    assert_eq!(names, ["q", "p"]);
}

#[test]
fn files_that_clash_are_refused() {
    let plan = format!("{HEAD}[numbers]\n[plans.p]\nrate = [{{ service = \"sms\", price = \"1\" }}]\n");
    let other = "format = 1\ncurrency = \"RUB\"\ntimezone = \"Asia/Aqtau\"\n[services]\nsms = { context = \"x\" }\n[numbers]\n[plans.p]\n";
    let errors = load_files(&[("a.toml", &plan), ("b.toml", other)]).unwrap_err();
    let told: Vec<_> =
        errors.errors.into_iter().map(|report| Report { excerpt: None, ..report }.to_string()).collect();
    assert_eq!(
        told,
        [
            "b.toml:2:12: `currency = \"RUB\"` clashes with `currency = \"KZT\"` of another file: all files of a folder have the same (the other stands at a.toml:2:12)",
            "b.toml:3:12: `timezone = \"Asia/Aqtau\"` clashes with `timezone = \"Asia/Almaty\"` of another file: all files of a folder have the same (the other stands at a.toml:3:12)",
            "b.toml:5:1: service `sms` stands twice (the other stands at a.toml:7:1)",
            "b.toml:6:1: section `numbers` stands twice (the other stands at a.toml:11:1)",
            "b.toml:7:8: plan `p` stands twice (the other stands at a.toml:12:8)",
        ]
    );
}

#[test]
fn an_unknown_key_is_shown_in_its_line_with_the_nearest_one() {
    let text = format!("{HEAD}[[plans.p.rate]]\nservice = \"sms\"\n  prise = \"1\"\nprice = \"1\"\n");
    let errors = load_files(&[("t.toml", &text)]).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "t.toml:13:3: unknown key `prise` in a rate, did you mean `price`? (allowed: service, rating_groups, to, zones, direction, price, incoming, forward, tiers, per, step, first, connect, bands, when)\n   |\n13 |   prise = \"1\"\n   |   ^^^^^"
    );
}

#[test]
fn every_fault_is_told_with_its_place() {
    let cases = include_str!("../../tests/data/tariff_faults.txt");
    for case in cases.split("\n----\n") {
        let (wanted, tail): (Vec<_>, Vec<_>) = case.lines().partition(|line| line.starts_with("> "));
        let wanted: Vec<_> = wanted.into_iter().map(|line| line.trim_start_matches("> ")).collect();
        assert!(!wanted.is_empty(), "{case}");
        assert_eq!(told(&tail.join("\n")), wanted, "{case}");
    }
}

#[test]
fn the_head_of_a_file_is_checked() {
    let rest = "[services]\nsms = { context = \"32274@3gpp.org\" }\n[plans.p]\nrate = [{ service = \"sms\", price = \"1\" }]\n";
    let head = |head: &str| told_of(&format!("{head}{rest}"));
    for (text, wanted) in [
        (
            "",
            &[
                "t.toml:1:1: a tariff file needs `format`",
                "t.toml:1:1: a tariff file needs `currency`",
                "t.toml:1:1: a tariff file needs `timezone`",
            ][..],
        ),
        (
            "format = 2\ncurrency = \"KZD\"\ntimezone = \"Asia/Alma-Ata\"\n",
            &[
                "t.toml:1:10: this version of gyro reads `format = 1`, not 2",
                "t.toml:2:12: unknown currency `KZD` (three capital letters of ISO 4217, like \"KZT\")",
                "t.toml:3:12: unknown time zone `Asia/Alma-Ata`: a name of the IANA database, like \"Asia/Almaty\"",
            ],
        ),
        (
            "format = 1\ncurrency = \"kzt\"\ntimezone = \"Asia/Almaty\"\n",
            &[
                "t.toml:2:12: unknown currency `kzt`, did you mean `KZT`? (three capital letters of ISO 4217, like \"KZT\")",
            ],
        ),
        (
            "format = \"1\"\ncurrency = 398\ntimezone = \"\"\n",
            &[
                "t.toml:1:10: a whole number without quotes is wanted here, not quoted text",
                "t.toml:2:12: quoted text is wanted here, not a number without quotes",
                "t.toml:3:12: the text must not be empty",
            ],
        ),
    ] {
        assert_eq!(head(text), wanted, "{text}");
    }
    assert_eq!(
        told_of(
            "format = 1\ncurrency = \"KZT\"\ntimezone = \"Asia/Almaty\"\nplans = 1\nservices = []\nrating_groups = \"x\"\n"
        ),
        [
            "t.toml:4:9: a table is wanted here, not a number without quotes",
            "t.toml:5:12: a table is wanted here, not a list",
            "t.toml:6:17: a table is wanted here, not quoted text",
        ]
    );
    assert_eq!(told_of("format = 1\nx\n"), ["t.toml:2:2: this is not TOML: key with no value, expected `=`"]);
}

#[test]
fn rows_of_a_file_are_told_with_the_file_and_its_line() {
    let plan = "[destinations]\nworld = { file = \"world.csv\" }\nrussia = { prefix = \"79\" }\n[plans.p]\nrate = [{ service = \"sms\", price = \"1\" }]\n";
    let told = |world: &str| {
        let errors = load_files(&[("t.toml", &format!("{HEAD}{plan}")), ("world.csv", world)]).unwrap_err();
        errors
            .errors
            .into_iter()
            .map(|report| Report { excerpt: None, ..report }.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told("prefix,destination\n7,russia\n+49,germany\n49,\n1,us\n1,canada\n"),
        [
            "world.csv:2:1: destination `russia` stands twice (the other stands at t.toml:13:1)",
            "world.csv:3:1: `+49` is no prefix: digits only, country code first, without + and at most fifteen",
            "world.csv:4:1: the destination of a row must not be empty",
            "world.csv:6:1: prefix `1` stands twice (the other stands at world.csv:5:1)",
        ]
    );
    assert_eq!(
        told("prefix,destination\n7\n\"x,y\n"),
        [
            "world.csv:2:1: a row has two fields, prefix and destination; this one has 1",
            "world.csv:3:1: a row has two fields, prefix and destination; this one has 1",
        ]
    );
    assert_eq!(
        told("code;name\n7;russia\n"),
        ["world.csv:1:1: the first line of a file of destinations is `prefix,destination`, not `code;name`"]
    );
    let many = (0..65_001).map(|n| format!("{},d{n}\n", 100_000 + n)).collect::<Vec<_>>().concat();
    let many = told(&format!("prefix,destination\n{many}"));
    assert_eq!(many, ["world.csv:65000:1: too many destinations: at most 65000"]);
}

#[test]
fn a_destination_of_a_row_is_more_specific_than_the_whole_file() {
    let world = "prefix,destination\n7,russia\n77,kazakhstan\n49,germany\n4915,germany mobile\n";
    let tail = "[destinations]\nworld = { file = \"world.csv\", prefix = [\"99\"] }\nnear = { prefix = [\"49\", \"48\"] }\n\
        [plans.p]\nrate = [\n\
        { service = \"voice\", to = \"world\", price = \"9\", per = \"1s\" },\n\
        { service = \"voice\", to = \"germany\", price = \"1\", per = \"1s\" },\n\
        { service = \"voice\", to = \"near\", price = \"2\", per = \"1s\" },\n]\n\
        [plans.q]\nrate = [{ service = \"voice\", to = \"near\", price = \"3\", per = \"1s\" }]\n\
        bundle = [{ id = \"b\", service = \"voice\", to = \"world\", amount = \"1min\" }]\n";
    let loaded = load_files(&[("t.toml", &format!("{HEAD}{tail}")), ("world.csv", world)]).unwrap();
    let warned: Vec<_> = unmeant(&loaded).iter().map(|report| report.problem.to_string()).collect();
    assert_eq!(
        warned,
        ["prefix 7 alone covers Russia and Kazakhstan together: longer prefixes tell them apart"]
    );
    let tariff = loaded.catalogue;
    let voice = tariff.service_named("voice").unwrap();
    let [p, q] = ["p", "q"].map(|name| tariff.plan_named(name).unwrap());
    let price = |plan, to: &str| {
        let found = tariff.match_rate(plan, voice, None, (called(to), Role::default()), Timestamp::EPOCH)?;
        Some((found.rate.price.micros() / 1_000_000, tariff.destination_name(found.destination?)?.to_owned()))
    };
    for (to, wanted) in [
        ("+79031234567", Some((9, "world"))),
        ("+77011234567", Some((9, "world"))),
        ("+4930123456", Some((1, "germany"))),
        ("+49151234567", Some((9, "world"))),
        ("+48221234567", Some((2, "near"))),
        ("+99812345678", Some((9, "world"))),
        ("+15550000000", None),
        ("112", None),
        ("", None),
    ] {
        assert_eq!(price(p, to), wanted.map(|(price, name)| (price, name.to_owned())), "{to}");
    }
    // The bundle names `world` alone; `49` is also `near`, which a rate names, and `4915` only the file has.
    let included = |to: &str| tariff.bundles_for(q, voice, None, called(to)).count();
    assert_eq!((included("+49151234567"), included("+48221234567"), included("+4930123456")), (1, 0, 1));
    assert_eq!(price(q, "+49151234567"), Some((3, "near".to_owned())), "the rate's own longest prefix");
    assert_eq!(price(q, "+79031234567"), None);
    assert!(tariff.priced_by_destination(q, Whereabouts::Home, voice));
}

#[test]
fn a_named_rating_group_comes_before_a_destination_and_both_before_the_order_of_the_file() {
    let tail = "30 = { service = \"voice\" }\n[destinations]\nkz = { prefix = [\"77\"] }\n[plans.p]\nrate = [\n\
        { service = \"voice\", price = \"1\", per = \"1s\" },\n\
        { service = \"voice\", to = [\"kz\"], price = \"2\", per = \"1s\" },\n\
        { rating_groups = [30], price = \"3\", per = \"1s\" },\n\
        { rating_groups = [30], to = [\"kz\"], price = \"4\", per = \"1s\" },\n]\n\
        bundle = [\n\
        { id = \"late\", service = \"voice\", amount = \"1s\", priority = 5 },\n\
        { id = \"first\", rating_groups = [30], amount = \"1s\" },\n\
        { id = \"second\", service = \"voice\", to = [\"kz\"], amount = \"1s\" },\n]\n";
    let tariff = load_files(&[("t.toml", &format!("{HEAD}{tail}"))]).unwrap().catalogue;
    let (plan, voice) = (tariff.plan_named("p").unwrap(), tariff.service_named("voice").unwrap());
    let found = |group, to: &str| {
        tariff.match_rate(plan, voice, group, (called(to), Role::default()), Timestamp::EPOCH).unwrap().place
    };
    assert_eq!([found(None, "+1555000000"), found(None, "+77011234567")], [0, 1]);
    assert_eq!([found(Some(30), "+1555000000"), found(Some(30), "+77011234567")], [2, 3]);
    assert_eq!([found(Some(31), ""), found(Some(31), "+77011234567")], [0, 1]);
    let bundles = |group, to: &str| {
        tariff
            .bundles_for(plan, voice, group, called(to))
            .map(|(place, one)| (place, &*one.id))
            .collect::<Vec<_>>()
    };
    assert_eq!(bundles(Some(30), "+77011234567"), [(0, "first"), (1, "second"), (2, "late")]);
    assert_eq!(bundles(None, "+1555000000"), [(2, "late")]);
}

#[test]
fn what_comes_when_nothing_is_left_is_read_as_it_is_written() {
    let tail = r#"
[plans.a]
out_of_money = "redirect:https://pay.example.org/?n=1"
rate = [{ service = "data", price = "1", per = "1MB" }]
announcements = { low = 10, refused = 4294967295 }
furnish = "plan=a"
[plans.b]
out_of_money = { restrict = ["portal", "kiosk"], rules = ["permit out ip from 192.0.2.10 to assigned"], validity = "1h" }
announcements = { last = 7, before_end = "45s" }
[[plans.b.bundle]]
id = "one"
service = "data"
amount = "1GB"
then = { redirect = "192.0.2.1", filters = ["portal"], validity = "90s" }
[[plans.b.bundle]]
id = "two"
service = "data"
amount = "1GB"
then = { restrict = [], rules = ["deny out ip from any to any"] }
[[plans.b.bundle]]
id = "three"
service = "voice"
amount = "1h"
then = "redirect:sip:pay@example.org"
[[plans.b.bundle]]
id = "four"
service = "data"
amount = "1GB"
then = "restrict:portal"
[plans.b.quota]
low_balance = { below = "200.50", divisor = 2 }
[plans.c]
out_of_money = "terminate"
rate = [{ service = "sms", price = "1" }]
quota = { low_balance = { below = "1" } }
bonus = "last"
"#;
    let loaded = load_files(&[("t.toml", &format!("{HEAD}{tail}"))]).unwrap();
    assert_eq!(unmeant(&loaded), []);
    let plan = |name| loaded.catalogue.plan(loaded.catalogue.plan_named(name).unwrap()).unwrap();
    let reach = |filters: &[&str], rules: &[&str]| Reach {
        filters: filters.iter().map(|&text| text.into()).collect(),
        rules: rules.iter().map(|&text| text.into()).collect(),
    };
    let redirect = |to: &str, open| FinalUnit::Redirect(Box::new(Redirect { to: to.into(), open }));
    let limitation = |action, validity_secs| Limitation { action, validity_secs };

    let a = plan("a");
    let to_pay = redirect("https://pay.example.org/?n=1", Reach::default());
    assert_eq!(a.limitation(a.out_of_money.unwrap()), Some(&limitation(to_pay, 300)));
    let told = Announcements { low: Some(10), last: None, refused: Some(u32::MAX), before_end_secs: 30 };
    assert_eq!((a.announcements, a.low_balance), (Some(told), None));
    assert_eq!((a.bonus, plan("c").bonus), (BonusOrder::First, BonusOrder::Last));
    assert_eq!(a.furnish.as_deref(), Some("plan=a"));

    let b = plan("b");
    let portal = reach(&["portal", "kiosk"], &["permit out ip from 192.0.2.10 to assigned"]);
    let out_of_money = limitation(FinalUnit::Restrict(Box::new(portal)), 3_600);
    assert_eq!(b.limitation(b.out_of_money.unwrap()), Some(&out_of_money));
    let then: Vec<_> = b
        .bundles
        .iter()
        .map(|bundle| match bundle.then {
            Then::Limit(place) => b.limitation(place).unwrap().clone(),
            Then::Rates | Then::Stop => panic!("{bundle:?}"),
        })
        .collect();
    let only_rules = reach(&[], &["deny out ip from any to any"]);
    assert_eq!(
        then,
        [
            limitation(redirect("192.0.2.1", reach(&["portal"], &[])), 90),
            limitation(FinalUnit::Restrict(Box::new(only_rules)), 300),
            limitation(redirect("sip:pay@example.org", Reach::default()), 300),
            limitation(FinalUnit::Restrict(Box::new(reach(&["portal"], &[]))), 300),
        ]
    );
    let low = |cents, divisor| LowBalance { below: Money::from_cents(cents).unwrap(), divisor };
    assert_eq!(b.low_balance, Some(low(20_050, 2)));
    assert_eq!((plan("c").out_of_money, plan("c").low_balance), (None, Some(low(100, 4))));
}

#[test]
fn a_limitation_is_short_enough_to_stand_in_every_answer() {
    let with = |octets: usize| {
        let tail =
            "[plans.p]\nrate = [{ service = \"data\", price = \"1\", per = \"1MB\" }]\nout_of_money = ";
        told(&format!("{tail}\"restrict:{}\"", "x".repeat(octets)))
    };
    assert_eq!(with(2_048), [""; 0]);
    assert_eq!(
        with(2_049),
        ["t.toml:13:16: addresses, filters and rules are too long: at most 2048 octets in all"]
    );
}

#[test]
fn what_is_probably_not_meant_is_warned_of() {
    let tail = "[numbers]\nemergency = [\"101\"]\nfree = []\n[destinations]\nall = { prefix = \"7\" }\n[plans.p]\n\
        rate = [{ rating_groups = [10, 20], price = \"1\", per = \"1MB\" }]\n";
    let loaded = load_files(&[("t.toml", &format!("{HEAD}{tail}"))]).unwrap();
    let told: Vec<_> = unmeant(&loaded)
        .into_iter()
        .map(|report| (report.line.unwrap(), report.column.unwrap(), report.problem.to_string()))
        .collect();
    let told: Vec<_> = told.iter().map(|(line, column, text)| (*line, *column, &**text)).collect();
    assert_eq!(
        told,
        [
            (12, 13, "112 is not among the emergency numbers: calls to it are charged and may be refused"),
            (15, 18, "prefix 7 alone covers Russia and Kazakhstan together: longer prefixes tell them apart"),
            (17, 9, "rating group 20 is free in every plan: a rate for it is never used"),
        ]
    );
    assert_eq!(loaded.catalogue.numbers().listed().len(), 1);
}

#[test]
fn a_limitation_that_no_service_takes_is_warned_of() {
    let text = "format = 1\ncurrency = \"KZT\"\ntimezone = \"Asia/Almaty\"\n\
        [services]\nsms = { context = \"32274@3gpp.org\" }\n\
        [plans.p]\nout_of_money = \"restrict:portal\"\nrate = [{ service = \"sms\", price = \"1\" }]\n";
    let loaded = load_files(&[("t.toml", text)]).unwrap();
    let [report] = loaded.warnings.as_slice() else { panic!("one warning was expected") };
    assert_eq!((report.line, report.column), (Some(7), Some(16)));
    assert!(report.problem.to_string().starts_with("no service can be limited so"));
}

#[test]
fn files_that_cannot_be_read_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let told =
        |name: &str| without_folder(load(&folder.path().join(name)).unwrap_err(), folder.path()).to_string();
    assert_eq!(
        told("none.toml"),
        "none.toml: cannot be read: No such file or directory; `gyro init DIR` writes a first tariff"
    );
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert_eq!(
        told("empty"),
        "empty: the folder has no file that ends in .toml; `gyro init DIR` writes a first tariff"
    );
    fs::write(folder.path().join("t.txt"), FIRST).unwrap();
    assert_eq!(told("t.txt"), "t.txt: a tariff is a file that ends in .toml, or a folder of such files");
    fs::write(folder.path().join("latin.toml"), b"# caf\xe9\n").unwrap();
    assert_eq!(told("latin.toml"), "latin.toml: the file is not text in UTF-8");
    let large = fs::File::create(folder.path().join("large.toml")).unwrap();
    large.set_len(FILE_MAX + 1).unwrap();
    assert_eq!(told("large.toml"), "large.toml: the file is larger than 67108864 octets");
    fs::write(folder.path().join("bom.toml"), format!("\u{feff}{FIRST}")).unwrap();
    assert!(load(&folder.path().join("bom.toml")).is_ok());
}

#[test]
fn many_errors_are_cut_short() {
    let keys = (0..30).map(|n| format!("k{n} = 1\n")).collect::<Vec<_>>().concat();
    let errors = load_files(&[("t.toml", &format!("{keys}{HEAD}"))]).unwrap_err();
    assert_eq!(errors.errors.len(), 31);
    let told = errors.to_string();
    assert!(told.ends_with("\nand 11 more"), "{told}");
    assert_eq!(told.matches("unknown key").count() + told.matches("needs `plans`").count(), 20);
}

/// Reads a text as a tariff, and as the content of one.
fn interpret_text(text: &str, world: &str) -> bool {
    let mut source = Source::default();
    source.insert("t.toml", text);
    source.insert("world.csv", world);
    let octets = source.to_octets();
    match load_from_source(&octets) {
        Ok(tariff) => {
            assert_eq!(tariff.version(), source::version(&octets));
            true
        }
        Err(errors) => {
            assert!(!errors.errors.is_empty() && !errors.to_string().is_empty());
            false
        }
    }
}

#[test]
fn tables_without_end_are_refused() {
    for text in [
        "a.".repeat(100_000) + "a = 1",
        format!("[{}a]", "a.".repeat(100_000)),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a=".repeat(100_000)),
        format!("[plans.p]\nrate = {}{}", "[".repeat(70), "]".repeat(70)),
    ] {
        assert!(!interpret_text(&text, ""));
    }
}

/// A change to a text: take out, double, replace.
fn mutated(text: &str, changes: &[(usize, u8, String)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, kind, piece) in changes {
        let at = at % (chars.len() + 1);
        match kind % 4 {
            0 => drop(chars.drain(at..chars.len().min(at + 7))),
            1 => drop(chars.splice(at..at, piece.chars())),
            2 => drop(chars.splice(at..chars.len().min(at + piece.chars().count()), piece.chars())),
            _ => chars.truncate(chars.len().max(40) - at % 40),
        }
    }
    chars.into_iter().collect()
}

fn changes() -> impl Strategy<Value = Vec<(usize, u8, String)>> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            "\"", "[", "]", "{", "}", "=", "\n", ".", ",", "#", "-1", "0", "99999999999999999999", "1e9", "nan", "true", "\"\"",
            "\"1MB\"", "\"-1\"", "[[plans.comfort.rate]]\n", "rating_groups = [10]\n", "service = \"voice\"\n",
            "file = \"world.csv\"", "to = [\"on_net\"]\n", "\"\"\"", "\u{feff}", "\u{202e}", "2026-01-01",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,4}",
    ];
    prop::collection::vec((any::<usize>(), any::<u8>(), piece), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_to_a_file_makes_reading_it_panic(toml in changes(), csv in changes()) {
        let with_file = FIRST.replace("payments = {", "world = { file = \"world.csv\" }\npayments = {");
        let world = "prefix,destination\n7,russia\n49,germany\n4915,\"germany, mobile\"\n# end\n1,us\n";
        interpret_text(&mutated(&with_file, &toml), &mutated(world, &csv));
        interpret_text(&mutated(&with_file, &toml[..1]), world);
        let _ = load_from_source(mutated(&with_file, &csv).as_bytes());
    }

    #[test]
    fn random_texts_are_read_without_harm(toml in "\\PC{0,200}", csv in "[0-9,\"\\n#a-z]{0,60}") {
        interpret_text(&toml, &csv);
        let head = format!("{HEAD}[destinations]\nworld = {{ file = \"world.csv\" }}\n{toml}");
        interpret_text(&head, &format!("prefix,destination\n{csv}"));
    }
}
