//! The dialogues of the demo, and what must come of them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use super::pcap::{Capture, Share};
use super::{Status, Stop, Trouble};
use crate::charging::account::Mode;
use crate::charging::request::{Measured, Used};
use crate::charging::units::{Digits, Money};
use crate::cli::ladder::Ladder;
use crate::diameter::base::local::Identity;
use crate::diameter::dictionary::{Dictionary, builtin};
use crate::diameter::result_code::ResultCode;
use crate::engine::control::{
    Change, Command, Control, ControlError, NewSubscriber, OperationKey, Query, SubscriberView, View,
};
use crate::ro::cca::Cca;
use crate::ro::ccr::{Ccr, RequestType};
use crate::ro::mscc::Mscc;
use crate::ro::service_information::{CONTEXT_DATA, CONTEXT_IMS, CONTEXT_SMS, Recipient};
use crate::ro::subscription::{Subscription, SubscriptionType};
use crate::sim::Gateway;
use crate::sim::gateway::{GatewayError, Who};

/// The server's Origin-Host.
pub(super) const SERVER: &str = "ocs.demo.gyro";
/// The realm of all of them.
pub(super) const REALM: &str = "demo.gyro";

/// Pays as he goes; 250.00.
const PAYER: &str = "77010000001";
/// Has nothing.
const EMPTY: &str = "77010000002";
/// Has a plan with included volumes; 100.00.
const COMFORT: &str = "77010000003";
/// Has a plan that redirects data without money; has nothing.
const GUEST: &str = "77010000005";
/// Owes 50.00.
const DEBTOR: &str = "77010000004";

const MIB: u64 = 1 << 20;

/// The gateways, and where they write.
struct Scene<'a, 'b> {
    control: &'a Control,
    ladder: &'a mut Ladder<'b>,
    keys: u8,
}

/// Tells the whole story.
pub(super) async fn tell(
    control: &Control,
    server: SocketAddr,
    capture: &Arc<Mutex<Capture>>,
    ladder: &mut Ladder<'_>,
) -> Result<(), Stop> {
    let dictionary = Arc::new(builtin());
    let mut scene = Scene { control, ladder, keys: 0 };
    scene.people().await?;
    let mut pgw = connect(server, "pgw", &dictionary, capture, 1).await?;
    let mut ims = connect(server, "ims", &dictionary, capture, 2).await?;
    let mut smsc = connect(server, "smsc", &dictionary, capture, 3).await?;
    scene.data_session(&mut pgw).await?;
    scene.refused_session(&mut pgw).await?;
    scene.redirected_session(&mut pgw).await?;
    scene.bundle(&mut pgw).await?;
    scene.message(&mut smsc).await?;
    scene.emergency(&mut ims).await?;
    for gateway in [pgw, ims, smsc] {
        gateway.disconnect().await.map_err(|error| broken(&error))?;
    }
    Ok(())
}

async fn connect(
    server: SocketAddr,
    name: &str,
    dictionary: &Arc<Dictionary>,
    capture: &Arc<Mutex<Capture>>,
    seed: u64,
) -> Result<Gateway, Stop> {
    let identity = |text: &str| {
        Identity::new(text).map_err(|error| Trouble::new(Status::Failed, format!("{text}: {error}")))
    };
    let who = Who {
        host: identity(&format!("{name}.{REALM}"))?,
        realm: identity(REALM)?,
        product: "gyro demo".into(),
    };
    let tap = Box::new(Share(Arc::clone(capture)));
    Gateway::connect(server, who, Arc::clone(dictionary), seed << 16, tap)
        .await
        .map_err(|error| broken(&error))
}

fn broken(error: &GatewayError) -> Stop {
    Trouble::new(Status::Failed, format!("a dialogue broke off: {error}")).into()
}

fn refused(error: &ControlError) -> Stop {
    Trouble::new(Status::Failed, format!("the server refused an order: {error}")).into()
}

fn unexpected(what: &str) -> Stop {
    Trouble::new(Status::Failed, format!("this is not what had to come of it: {what}")).into()
}

fn digits(text: &str) -> Result<Digits, Stop> {
    Digits::parse(text).ok_or_else(|| unexpected("a number of the demo is none"))
}

impl Scene<'_, '_> {
    async fn order(&mut self, what: Change) -> Result<(), Stop> {
        self.keys = self.keys.wrapping_add(1);
        let mut key = [0; 16];
        key.fill(self.keys);
        let command = Command { key: OperationKey(key), operator: "demo".into(), what };
        self.control.command(command).await.map(drop).map_err(|error| refused(&error))
    }

    async fn add(&mut self, msisdn: &str, plan: &str, units: i64) -> Result<(), Stop> {
        let balance = Money::from_cents(units * 100).ok_or_else(|| unexpected("a balance"))?;
        let new =
            NewSubscriber { mode: Some(Mode::Advance), balance, ..NewSubscriber::of(digits(msisdn)?, plan) };
        self.order(Change::AddSubscriber(new)).await
    }

    async fn people(&mut self) -> Result<(), Stop> {
        self.ladder.title(
            "Five subscribers, the tariff examples/tariffs/first.toml (its figures are illustrative)",
        )?;
        self.add(PAYER, "payg", 250).await?;
        self.add(EMPTY, "payg", 0).await?;
        self.add(COMFORT, "comfort", 100).await?;
        self.add(DEBTOR, "payg", 0).await?;
        self.add(GUEST, "comfort", 0).await?;
        let debt = Money::from_cents(-5_000).ok_or_else(|| unexpected("a debt"))?;
        let note = Some("a payment that bounced".into());
        self.order(Change::Adjust { msisdn: digits(DEBTOR)?, amount: debt, note }).await?;
        for msisdn in [PAYER, EMPTY, COMFORT, DEBTOR, GUEST] {
            let view = self.show(msisdn).await?;
            self.ladder.note(&format!("{msisdn} on {}: {}", view.subscriber.plan, view.account.main))?;
        }
        Ok(())
    }

    async fn show(&self, msisdn: &str) -> Result<SubscriberView, Stop> {
        match self
            .control
            .query(Query::ShowSubscriber(digits(msisdn)?))
            .await
            .map_err(|error| refused(&error))?
        {
            View::Subscriber(view) => Ok(*view),
            _ => Err(unexpected("a subscriber was asked for")),
        }
    }

    async fn balance(&mut self, msisdn: &str, main: &str, reserved: &str) -> Result<(), Stop> {
        let account = self.show(msisdn).await?.account;
        let (is_main, is_reserved) = (account.main.to_string(), account.reserved.to_string());
        self.ladder.note(&format!("{msisdn}: balance {is_main}, of it reserved {is_reserved}"))?;
        if (is_main.as_str(), is_reserved.as_str()) == (main, reserved) {
            return Ok(());
        }
        Err(unexpected(&format!("balance {main} and {reserved} reserved")))
    }

    /// Sends a request, shows it and its answer, and says what the answer is in short: the code above, then code,
    /// grant and final unit of each quota.
    async fn call(
        &mut self,
        gateway: &mut Gateway,
        ccr: &Ccr<'_>,
        remark: &str,
        must: &str,
    ) -> Result<(), Stop> {
        self.ladder.request(ccr, remark)?;
        let message = gateway.call(ccr).await.map_err(|error| broken(&error))?;
        let cca = Cca::read(&message).map_err(|fault| {
            Trouble::new(Status::Failed, format!("an answer cannot be read: {}", fault.result_code.get()))
        })?;
        self.ladder.answer(&cca)?;
        let short = short(&cca);
        if short == must { Ok(()) } else { Err(unexpected(&format!("{must}, found {short}"))) }
    }

    async fn data_session(&mut self, pgw: &mut Gateway) -> Result<(), Stop> {
        self.ladder.title("A data session until the money is used up: 20.00 a MiB, 5 MiB at a time")?;
        let ccr =
            |kind, number, used, asks| data("pgw.demo.gyro;1;1", kind, number, PAYER, &[(10, used, asks)]);
        self.call(pgw, &ccr(RequestType::Initial, 0, None, true), "", "2001 2001:5242880").await?;
        self.balance(PAYER, "250.00", "100.00").await?;
        let update = ccr(RequestType::Update, 1, Some(5 * MIB), true);
        self.call(pgw, &update, "", "2001 2001:5242880").await?;
        self.balance(PAYER, "150.00", "100.00").await?;
        self.call(pgw, &update, ", sent again", "2001 2001:5242880").await?;
        self.balance(PAYER, "150.00", "100.00").await?;
        let update = ccr(RequestType::Update, 2, Some(5 * MIB), true);
        self.call(pgw, &update, "", "2001 2001:2621440:last").await?;
        self.balance(PAYER, "50.00", "50.00").await?;
        let update = ccr(RequestType::Update, 3, Some(5 * MIB / 2), true);
        self.call(pgw, &update, "", "2001 4012").await?;
        self.call(pgw, &ccr(RequestType::Termination, 4, Some(0), false), "", "2001").await?;
        self.balance(PAYER, "0.00", "0.00").await
    }

    async fn refused_session(&mut self, pgw: &mut Gateway) -> Result<(), Stop> {
        self.ladder.title("Sessions that are refused: no money; nobody of that number")?;
        let ccr = data("pgw.demo.gyro;1;2", RequestType::Initial, 0, EMPTY, &[(10, None, true)]);
        self.call(pgw, &ccr, "", "4012 4012").await?;
        let ccr = data("pgw.demo.gyro;1;3", RequestType::Initial, 0, "77019999999", &[(10, None, true)]);
        self.call(pgw, &ccr, ", unknown number", "5030").await
    }

    async fn redirected_session(&mut self, pgw: &mut Gateway) -> Result<(), Stop> {
        self.ladder.title("A plan that redirects where there is no money, until the account is topped up")?;
        let ccr =
            |kind, number, used, asks| data("pgw.demo.gyro;1;5", kind, number, GUEST, &[(40, used, asks)]);
        self.call(pgw, &ccr(RequestType::Initial, 0, None, true), "", "2001 2001:redirected").await?;
        let amount = Money::from_cents(10_000).ok_or_else(|| unexpected("an amount"))?;
        let reference = Some("demo".into());
        self.order(Change::Topup { msisdn: digits(GUEST)?, amount, reference, note: None }).await?;
        self.ladder.note(&format!("{GUEST} is topped up by 100.00"))?;
        let update = ccr(RequestType::Update, 1, None, true);
        self.call(pgw, &update, ", the validity is over", "2001 2001:20971520:last").await?;
        self.call(pgw, &ccr(RequestType::Termination, 2, Some(MIB), false), "", "2001").await?;
        self.balance(GUEST, "95.00", "0.00").await
    }

    async fn bundle(&mut self, pgw: &mut Gateway) -> Result<(), Stop> {
        self.ladder.title("Three rating groups at once: two from a bundle of 10 GB, one that is free")?;
        let session = "pgw.demo.gyro;1;4";
        let asks = [(10, None, true), (20, None, true), (30, None, true)];
        let ccr = data(session, RequestType::Initial, 0, COMFORT, &asks);
        self.call(pgw, &ccr, "", "2001 2001:52428800 2001:52428800 2001:52428800").await?;
        let used = [(10, Some(30 * MIB), false), (20, Some(7 * MIB), false), (30, Some(12 * MIB), false)];
        let ccr = data(session, RequestType::Termination, 1, COMFORT, &used);
        self.call(pgw, &ccr, "", "2001").await?;
        let left: Vec<u64> =
            self.show(COMFORT).await?.subscriber.allowances.iter().map(|one| one.left).collect();
        self.ladder.note(&format!(
            "{COMFORT}: {} MiB of the bundle are left",
            left.first().map_or(0, |left| left / MIB)
        ))?;
        if left.first() != Some(&(10 * 1_024 * MIB - 42 * MIB)) {
            return Err(unexpected("10 GiB less 42 MiB"));
        }
        self.balance(COMFORT, "100.00", "0.00").await
    }

    async fn message(&mut self, smsc: &mut Gateway) -> Result<(), Stop> {
        self.ladder.title("A short message, charged as it is sent, and the same request once more")?;
        let mut ccr = base("smsc.demo.gyro;1;1", RequestType::Event, 0, COMFORT, CONTEXT_SMS);
        ccr.requested_action = Some(0);
        ccr.information.kinds.sms = true;
        ccr.information.recipients = vec![Recipient { kind: Some(1), address: "77017654321" }];
        let one = Measured { pieces: Some(1), ..Measured::default() };
        ccr.msccs = vec![Mscc { requested: Some(one), ..Mscc::default() }];
        self.call(smsc, &ccr, "", "2001 2001:1").await?;
        self.call(smsc, &ccr, ", sent again", "2001 2001:1").await?;
        self.balance(COMFORT, "85.00", "0.00").await
    }

    async fn emergency(&mut self, ims: &mut Gateway) -> Result<(), Stop> {
        self.ladder
            .title("Calls with a debt: an ordinary one is refused, one to 112 goes through, whoever calls")?;
        let call = |session, number, kind, called, msisdn| {
            let mut ccr = base(session, kind, number, msisdn, CONTEXT_IMS);
            ccr.information.kinds.ims = true;
            ccr.information.role = Some(0);
            ccr.information.called = Some(called);
            let seconds = Measured { seconds: Some(60), ..Measured::default() };
            let used = Used { measured: Measured { seconds: Some(95), ..Measured::default() }, side: None };
            ccr.msccs = vec![match kind {
                RequestType::Initial => Mscc { requested: Some(seconds), ..Mscc::default() },
                _ => Mscc { used: vec![used], ..Mscc::default() },
            }];
            ccr
        };
        let initial = RequestType::Initial;
        let ordinary = call("ims.demo.gyro;1;1", 0, initial, "tel:+77017654321", DEBTOR);
        self.call(ims, &ordinary, "", "4012 4012").await?;
        let emergency = call("ims.demo.gyro;1;2", 0, initial, "tel:112;phone-context=+7", DEBTOR);
        self.call(ims, &emergency, "", "2001 2001:3600").await?;
        let ended =
            call("ims.demo.gyro;1;2", 1, RequestType::Termination, "tel:112;phone-context=+7", DEBTOR);
        self.call(ims, &ended, "", "2001").await?;
        let stranger =
            call("ims.demo.gyro;1;3", 0, initial, "sip:112@ims.mnc002.mcc401.3gppnetwork.org", "77019999999");
        self.call(ims, &stranger, "", "2001 2001:3600").await?;
        self.balance(DEBTOR, "-50.00", "0.00").await
    }
}

/// A request with what all of them have.
fn base<'a>(session: &'a str, kind: RequestType, number: u32, msisdn: &'a str, context: &'a str) -> Ccr<'a> {
    let host = session.split(';').next().unwrap_or(session);
    let mut ccr = Ccr::new(session, kind, number, host, REALM);
    ccr.destination_realm = Some(REALM);
    ccr.context = Some(context);
    ccr.subscriptions = vec![Subscription { kind: SubscriptionType::E164, data: msisdn }];
    ccr.termination_cause = (kind == RequestType::Termination).then_some(1);
    ccr
}

/// A request of a data session: rating groups, octets used, and whether more is asked for.
fn data<'a>(
    session: &'a str,
    kind: RequestType,
    number: u32,
    msisdn: &'a str,
    groups: &[(u32, Option<u64>, bool)],
) -> Ccr<'a> {
    let mut ccr = base(session, kind, number, msisdn, CONTEXT_DATA);
    ccr.information.kinds.ps = true;
    ccr.information.access_point = Some("internet");
    ccr.multiple_services = Some(1);
    let quota = |(group, used, asks): &(u32, Option<u64>, bool)| Mscc {
        rating_group: Some(*group),
        requested: asks.then(Measured::default),
        used: used.iter().map(|octets| octets_used(*octets)).collect(),
        ..Mscc::default()
    };
    ccr.msccs = groups.iter().map(quota).collect();
    ccr
}

fn octets_used(octets: u64) -> Used {
    Used { measured: Measured { total_octets: Some(octets), ..Measured::default() }, side: None }
}

fn short(cca: &Cca<'_>) -> String {
    let mut text = cca.result_code.get().to_string();
    for mscc in &cca.msccs {
        text.push_str(&format!(" {}", mscc.result_code.map_or(0, ResultCode::get)));
        if let Some(granted) = &mscc.granted {
            let count = granted.total_octets.or(granted.seconds).or(granted.pieces).unwrap_or(0);
            text.push_str(&format!(":{count}"));
        }
        match (&mscc.final_unit, &mscc.granted) {
            (Some(_), Some(_)) => text.push_str(":last"),
            (Some(_), None) => text.push_str(":redirected"),
            (None, _) => {}
        }
    }
    text
}
