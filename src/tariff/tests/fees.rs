//! Fees and `[billing]` in a tariff file.

use super::*;
use crate::charging::calendar::{Every, MONTH};
use crate::charging::catalogue::{BillingRules, Fee, PaidLate, Unpaid};

const PLAN: &str = r#"
[plans.p]
fee = { amount = "3990.50", every = "month", unpaid = "stop", late = "restart", arrears = true, rollover = { d = "1GB" } }
[[plans.p.bundle]]
id = "d"
rating_groups = [10]
amount = "30GB"
[[plans.p.rate]]
service = "data"
price = "2"
per = "1MB"
[[plans.p.rate]]
service = "data"
price = "20"
per = "1MB"
when = "fallback"
[billing]
vat = "12%"
due = "20d"
penalty = "0.2%"
penalty_most = "5%"
"#;

#[test]
fn a_plan_says_what_it_costs_and_what_holds_while_it_is_not_paid() {
    let loaded = load_files(&[("t.toml", &format!("{HEAD}{PLAN}"))]).unwrap();
    let tariff = loaded.catalogue;
    let (_, plan) = tariff.plans().next().unwrap();
    let fee = Fee {
        amount: Money::from_cents(399_050).unwrap(),
        every: MONTH,
        unpaid: Unpaid::Stop,
        late: PaidLate::Restart,
        arrears: true,
        rollover: vec![("d".into(), 1 << 30)],
        fallback: vec![1],
    };
    assert_eq!(plan.fee.as_ref(), Some(&fee));
    let rules = BillingRules { vat: 120_000, due_days: 20, penalty: 2_000, penalty_most: 50_000 };
    assert_eq!(tariff.billing(), &rules);
    for (every, found) in [
        ("day", Every::Days(1)),
        ("week", Every::Days(7)),
        ("year", Every::Months(12)),
        ("30d", Every::Days(30)),
    ] {
        let text = format!("{HEAD}{PLAN}").replace("\"month\"", &format!("\"{every}\""));
        let loaded = load_files(&[("t.toml", &text)]).unwrap();
        let (_, plan) = loaded.catalogue.plans().next().unwrap();
        assert_eq!(plan.fee.as_ref().unwrap().every, found);
    }
}

#[test]
fn what_is_not_said_is_as_the_contract_says() {
    let plain = "[plans.p]\nfee = { amount = \"0\", every = \"month\" }\n[[plans.p.rate]]\nservice = \"sms\"\nprice = \"1\"\n";
    let loaded = load_files(&[("t.toml", &format!("{HEAD}{plain}"))]).unwrap();
    let (_, plan) = loaded.catalogue.plans().next().unwrap();
    let fee = plan.fee.as_ref().unwrap();
    assert_eq!((fee.unpaid, fee.late, fee.arrears), (Unpaid::Fallback, PaidLate::Keep, false));
    assert_eq!(loaded.catalogue.billing(), &BillingRules::default());
    assert_eq!(BillingRules::default().due_days, 30);
}

#[test]
fn faults_in_fees_are_told() {
    for (wrong, right, word) in [
        ("\"month\"", "\"fortnight\"", "fortnight"),
        ("\"month\"", "\"0d\"", "0d"),
        ("\"3990.50\"", "\"3990.505\"", "hundredths"),
        ("\"stop\"", "\"never\"", "never"),
        ("\"restart\"", "\"soon\"", "soon"),
        ("{ d = \"1GB\" }", "{ e = \"1GB\" }", "e"),
        ("\"12%\"", "\"120%\"", "120%"),
        ("\"20d\"", "\"month\"", "month"),
        ("\"fallback\"", "\"always\"", "always"),
        ("amount = \"3990.50\", ", "", "amount"),
    ] {
        let text = PLAN.replacen(wrong, right, 1);
        assert_ne!(text, PLAN, "{wrong}");
        let told = told(&text);
        assert!(told.iter().any(|one| one.contains(word)), "{wrong} {right}: {told:?}");
    }
    let without = PLAN.lines().filter(|line| !line.starts_with("fee")).collect::<Vec<_>>().join("\n");
    assert!(!told(&without).is_empty(), "rates for while a fee is not paid need a fee");
}
