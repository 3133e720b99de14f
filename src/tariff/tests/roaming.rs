//! What tariff files say of roaming (`ROAM-1`, `ROAM-2`, `ROAM-4`).

use super::*;
use crate::charging::catalogue::Catalogue;
use crate::charging::units::Digits;

const ROAMING: &str = include_str!("../../../examples/tariffs/roaming.toml");

fn example() -> Catalogue {
    let loaded = load_files(&[("roaming.toml", ROAMING)]).unwrap();
    assert_eq!(loaded.warnings, []);
    loaded.catalogue
}

#[test]
fn the_roaming_tariff_of_the_examples_is_sound_and_says_what_it_says() {
    let tariff = example();
    let [nomad, comfort] = ["nomad", "comfort"].map(|name| tariff.plan_named(name).unwrap());
    let [data, voice, sms] = ["data", "voice", "sms"].map(|name| tariff.service_named(name).unwrap());
    let there = |plan, network: &str| tariff.whereabouts_of(plan, Digits::parse(network));
    assert_eq!(there(nomad, "40102"), Whereabouts::Home);
    assert_eq!(there(nomad, "40101"), Whereabouts::Nowhere);
    assert_eq!(there(nomad, "90112"), Whereabouts::Nowhere, "the plan does not sell it");
    let (near, far) = (there(comfort, "25099"), there(comfort, "90112"));
    assert!(matches!((near, far), (Whereabouts::Zone(_), Whereabouts::Zone(_))) && near != far);

    // The plan, where, the leg, to whom, the price and what people call it.
    let price = |plan, service, there, role, to: &str| {
        let to = if role == Role::Terminating { called("") } else { called(to) };
        let found = tariff.match_rate_at(plan, service, there, None, (to, role), Timestamp::EPOCH)?;
        Some((found.rate.price.to_string(), found.rate.name.to_string()))
    };
    let is = |price: &str, name: &str| Some((price.to_owned(), name.to_owned()));
    let home = Whereabouts::Home;
    let (out, incoming, forwarded) = (Role::Originating, Role::Terminating, Role::Forwarding);
    let mobile = "+77051234567";
    assert_eq!(price(nomad, voice, home, out, mobile), is("15.00", "voice"));
    assert_eq!(price(nomad, voice, home, forwarded, mobile), is("20.00", "voice (forward)"));
    assert_eq!(price(nomad, voice, home, incoming, mobile), None);
    assert_eq!(price(nomad, voice, near, out, mobile), is("40.00", "voice to kz_mobile in neighbours"));
    assert_eq!(price(nomad, voice, near, out, "+4930901820"), is("60.00", "voice in neighbours"));
    assert_eq!(price(nomad, voice, near, incoming, mobile), is("30.00", "voice in neighbours (mt)"));
    assert_eq!(price(nomad, voice, near, forwarded, mobile), is("40.00", "voice to kz_mobile in neighbours"));
    assert_eq!(
        price(nomad, voice, near, forwarded, "+4930901820"),
        is("90.00", "voice in neighbours (forward)")
    );
    assert_eq!(price(nomad, voice, Whereabouts::Nowhere, out, mobile), None);
    assert_eq!(price(comfort, voice, near, out, mobile), is("60.00", "voice in neighbours"));
    assert_eq!(price(comfort, voice, far, incoming, mobile), is("900.00", "voice in ships (mt)"));
    assert_eq!(price(comfort, sms, far, incoming, mobile), is("0.00", "sms in ships (mt)"));
    assert_eq!(price(comfort, data, far, out, ""), None);

    let bundles = |plan, there| {
        tariff
            .bundles_at(plan, data, there, Some(10), called(""))
            .map(|(_, one)| &*one.id)
            .collect::<Vec<_>>()
    };
    assert_eq!((bundles(nomad, home), bundles(nomad, near)), (vec!["near5"], vec!["near5"]));
    assert_eq!((bundles(comfort, home), bundles(comfort, near)), (vec!["data10"], vec![]));

    let roaming = tariff.roaming().unwrap();
    assert_eq!(
        (roaming.threshold.to_string(), roaming.floor.to_string()),
        ("1000.00".into(), "3000.00".into())
    );
    let plan = &tariff.plan(nomad).unwrap().roaming;
    assert_eq!(plan.threshold, Money::from_cents(50_000));
}

#[test]
fn what_roams_in_no_zone_is_as_the_tariff_says() {
    for (default, there) in
        [("", Whereabouts::Nowhere), ("deny", Whereabouts::Nowhere), ("home", Whereabouts::Home)]
    {
        let default = if default.is_empty() { String::new() } else { format!("default = \"{default}\"\n") };
        let tail = format!(
            "[plans.p]\nrate = [{{ service = \"sms\", price = \"1\" }}]\n[roaming]\nhome = \"40102\"\n{default}"
        );
        let tariff = load_files(&[("t.toml", &format!("{HEAD}{tail}"))]).unwrap().catalogue;
        assert_eq!(tariff.whereabouts(Digits::parse("28601")), there, "{default}");
    }
}

#[test]
fn what_is_probably_not_meant_is_warned_of() {
    let tail = r#"[plans.p]
rate = [{ service = "sms", price = "1" }]
without = ["data", "voice"]
[roaming]
home = ["401"]
floor = "10"
[roaming.zones.a]
plmn = ["286"]
rates = [{ service = "voice", price = "1", per = "1s" }, { service = "sms", price = "1", incoming = "0" }]
[roaming.zones.b]
plmn = ["437"]
"#;
    let loaded = load_files(&[("t.toml", &format!("{HEAD}{tail}"))]).unwrap();
    let mut warned: Vec<_> = loaded
        .warnings
        .iter()
        .map(|report| format!("{}: {}", report.line.unwrap_or(0), report.problem))
        .collect();
    warned.sort();
    assert_eq!(
        warned,
        [
            "16: this floor holds nowhere: every zone charges in real time. Give it to a zone or a plan, or say `realtime = false` of a zone",
            "17: in zone `a` incoming legs of `voice` have no price in some plan: they are refused there (incoming = \"0\" makes them free)",
            "20: no plan has a price in zone `b`: everything is refused there",
        ]
    );
}
