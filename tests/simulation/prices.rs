//! The price lists of the simulation: plain tables, from which the tariff file that the server reads is written, and by
//! which the auditor works every price out again, step by step, in exact fractions (`ACC-3`).

use std::fmt::Write as _;

/// Seconds that Asia/Almaty is ahead of UTC, all year.
pub(crate) const ZONE_SECS: i64 = 5 * 3_600;

/// A price, and what it is for. Money is in millionths.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    pub(crate) service: &'static str,
    pub(crate) to: Option<&'static str>,
    /// It holds abroad, and there alone.
    pub(crate) abroad: bool,
    /// It holds while the fee is not paid.
    pub(crate) fallback: bool,
    pub(crate) price: i128,
    /// Between 23:00 and 07:00, where that is another.
    pub(crate) night: Option<i128>,
    /// For who is called abroad.
    pub(crate) incoming: Option<i128>,
    pub(crate) per: u64,
    pub(crate) step: u64,
    pub(crate) first: u64,
    pub(crate) connect: i128,
}

/// Units that are there at the beginning of each period.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) id: &'static str,
    pub(crate) service: &'static str,
    pub(crate) units: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) credit: bool,
    /// Hundredths a month.
    pub(crate) fee: Option<i64>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) bundles: Vec<Bundle>,
}

/// One version of the prices.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) plans: Vec<Plan>,
}

pub(crate) const KIB: u64 = 1 << 10;
pub(crate) const MIB: u64 = 1 << 20;
/// The longest validity of a grant, in seconds.
pub(crate) const VALIDITY_SECS: u64 = 3_600;
/// What a promised payment gives, and costs, in hundredths.
pub(crate) const PROMISE: (i64, i64) = (50_000, 5_000);

/// Destinations by their prefixes; a number of up to five digits is a short code.
const DESTINATIONS: [(&str, &[&str]); 3] =
    [("on_net", &["7701", "7702"]), ("kz", &["77"]), ("world", &["1", "44", "49"])];
const HOTLINE: &str = "7750";

fn rate(service: &'static str, to: Option<&'static str>, price: i128, per: u64, step: u64) -> Rate {
    Rate {
        service,
        to,
        abroad: false,
        fallback: false,
        price,
        night: None,
        incoming: None,
        per,
        step,
        first: 0,
        connect: 0,
    }
}

impl List {
    /// The prices of one version: those of the next are others, by parts of a tiyn.
    pub(crate) fn new(version: u32) -> Self {
        let more = |price: i128| price + i128::from(version % 7) * 113_300;
        let data = |price, step| rate("data", None, more(price), MIB, step);
        let call = |to, price| rate("voice", to, more(price), 60, 1);
        let sms = |to, price| rate("sms", to, more(price), 1, 1);
        let zone = [
            Rate { abroad: true, ..rate("data", None, 30_000_000, MIB, 10 * KIB) },
            Rate { abroad: true, incoming: Some(30_000_000), ..rate("voice", None, 60_000_000, 60, 60) },
            Rate { abroad: true, incoming: Some(0), ..rate("sms", None, 25_000_000, 1, 1) },
        ];
        let saver = Plan {
            name: "saver",
            credit: false,
            fee: Some(90_000),
            bundles: vec![
                Bundle { id: "data300", service: "data", units: 300 * MIB },
                Bundle { id: "talk60", service: "voice", units: 3_600 },
                Bundle { id: "text20", service: "sms", units: 20 },
            ],
            rates: vec![
                data(1_370_000, KIB),
                Rate { fallback: true, ..data(5_010_000, 10 * KIB) },
                call(Some("on_net"), 6_000_000),
                Rate { first: 5, ..call(Some("kz"), 11_000_000) },
                Rate { connect: 20_000_000, ..rate("voice", Some("hotline"), 50_000_000, 60, 60) },
                rate("voice", None, more(110_000_000), 60, 60),
                sms(None, 5_000_000),
                Rate { fallback: true, ..sms(None, 20_000_000) },
                rate("sms", Some("world"), 35_000_000, 1, 1),
            ],
        };
        let payg = Plan {
            name: "payg",
            credit: false,
            fee: None,
            bundles: Vec::new(),
            rates: vec![
                Rate { night: Some(2_050_000), ..data(8_000_000, KIB) },
                Rate { night: Some(4_000_000), ..call(None, 15_000_000) },
                Rate { connect: 2_000_000, ..call(Some("on_net"), 7_000_000) },
                sms(None, 10_000_000),
            ],
        };
        let post = Plan {
            name: "post",
            credit: true,
            fee: Some(250_000),
            bundles: vec![
                Bundle { id: "data1g", service: "data", units: 1_024 * MIB },
                Bundle { id: "talk100", service: "voice", units: 6_000 },
            ],
            rates: vec![
                data(990_000, 10 * KIB),
                call(None, 9_000_000),
                rate("voice", Some("world"), 70_000_000, 60, 60),
                sms(None, 3_330_000),
            ],
        };
        let mut plans = vec![saver, payg, post];
        for plan in &mut plans {
            plan.rates.extend(zone.iter().cloned());
        }
        Self { plans }
    }

    pub(crate) fn plan(&self, name: &str) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.name == name)
    }

    /// The tariff file that says so.
    pub(crate) fn toml(&self) -> String {
        let mut text = String::from(
            "format = 1\ncurrency = \"KZT\"\ntimezone = \"Asia/Almaty\"\n\n[services]\n\
             data = { context = \"32251@3gpp.org\" }\nvoice = { context = \"32260@3gpp.org\" }\n\
             sms = { context = \"32274@3gpp.org\" }\n\n\
             [rating_groups]\n10 = { service = \"data\" }\n20 = { service = \"data\", price = \"0\" }\n\n[destinations]\n",
        );
        for (name, prefixes) in DESTINATIONS {
            let all: Vec<String> = prefixes.iter().map(|prefix| format!("\"{prefix}\"")).collect();
            writeln!(text, "{name} = {{ prefix = [{}] }}", all.join(", ")).unwrap();
        }
        writeln!(text, "hotline = {{ short = [\"{HOTLINE}\"] }}").unwrap();
        text.push_str("\n[bands.night]\nfrom = \"23:00\"\nto = \"07:00\"\n\n");
        text.push_str(
            "[roaming]\nhome = [\"40102\"]\ndefault = \"deny\"\nthreshold = \"0\"\nfloor = \"0\"\n\n",
        );
        text.push_str("[roaming.zones.abroad]\nplmn = [\"250\"]\n\n");
        for rate in self.plans[0].rates.iter().filter(|rate| rate.abroad) {
            text.push_str("[[roaming.zones.abroad.rates]]\n");
            write_rate(&mut text, rate);
        }
        for plan in &self.plans {
            let mode = if plan.credit { "credit" } else { "advance" };
            writeln!(text, "[plans.{}]\nmodes = [\"{mode}\"]", plan.name).unwrap();
            if let Some(fee) = plan.fee {
                let fee = decimal(i128::from(fee) * 10_000);
                writeln!(text, "fee = {{ amount = \"{fee}\", every = \"month\", unpaid = \"fallback\" }}")
                    .unwrap();
            }
            text.push('\n');
            for bundle in &plan.bundles {
                let amount = match bundle.service {
                    "data" => format!("{}MB", bundle.units / MIB),
                    "voice" => format!("{}s", bundle.units),
                    _ => bundle.units.to_string(),
                };
                let (id, service) = (bundle.id, bundle.service);
                writeln!(
                    text,
                    "[[plans.{}.bundle]]\nid = \"{id}\"\nservice = \"{service}\"\namount = \"{amount}\"\nthen = \"rates\"\n",
                    plan.name
                )
                .unwrap();
            }
            for rate in plan.rates.iter().filter(|rate| !rate.abroad) {
                writeln!(text, "[[plans.{}.rate]]", plan.name).unwrap();
                write_rate(&mut text, rate);
            }
            writeln!(
                text,
                "[plans.{}.quota]\ndata = {{ grant = \"10MB\", threshold = \"20%\", validity = \"1h\" }}\n\
                 voice = {{ grant = \"120s\", validity = \"10min\" }}\n",
                plan.name
            )
            .unwrap();
        }
        text
    }

    /// The same as content, as a store keeps it.
    pub(crate) fn content(&self) -> Vec<u8> {
        let text = self.toml();
        let name = "tariff.toml";
        format!("gyro-tariff 1\n{} {}\n{name}\n{text}\n", name.len(), text.len()).into_bytes()
    }
}

fn write_rate(text: &mut String, rate: &Rate) {
    writeln!(text, "service = \"{}\"\nprice = \"{}\"", rate.service, decimal(rate.price)).unwrap();
    if let Some(to) = rate.to {
        writeln!(text, "to = [\"{to}\"]").unwrap();
    }
    if rate.fallback {
        text.push_str("when = \"fallback\"\n");
    }
    if let Some(night) = rate.night {
        writeln!(text, "bands = {{ night = \"{}\" }}", decimal(night)).unwrap();
    }
    if let Some(incoming) = rate.incoming {
        writeln!(text, "incoming = \"{}\"", decimal(incoming)).unwrap();
    }
    let (per, step, first) = match rate.service {
        "data" => (format!("{}KB", rate.per / KIB), format!("{}KB", rate.step / KIB), String::new()),
        "voice" => (format!("{}s", rate.per), format!("{}s", rate.step), format!("{}s", rate.first)),
        _ => (rate.per.to_string(), rate.step.to_string(), String::new()),
    };
    if rate.service != "sms" {
        writeln!(text, "per = \"{per}\"\nstep = \"{step}\"").unwrap();
    }
    if rate.first > 0 {
        writeln!(text, "first = \"{first}\"").unwrap();
    }
    if rate.connect > 0 {
        writeln!(text, "connect = \"{}\"", decimal(rate.connect)).unwrap();
    }
    text.push('\n');
}

fn decimal(micros: i128) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Where a call or message goes in the words of these rates: the longest prefix that they name.
fn destination(rates: &[(usize, &Rate)], number: &str) -> Option<&'static str> {
    let named = |name: &str| rates.iter().any(|(_, rate)| rate.to == Some(name));
    if number.len() <= 5 {
        return (number == HOTLINE && named("hotline")).then_some("hotline");
    }
    let fits = DESTINATIONS.iter().filter(|(name, _)| named(name));
    let longest = fits.filter_map(|(name, prefixes)| {
        let fits = prefixes.iter().filter(|prefix| number.starts_with(**prefix));
        fits.map(|prefix| prefix.len()).max().map(|length| (length, *name))
    });
    longest.max().map(|(_, name)| name)
}

impl Plan {
    /// The place of the rate that a use has: at home or abroad, with the fee paid or not.
    pub(crate) fn rate(
        &self,
        service: &str,
        called: Option<&str>,
        abroad: bool,
        fallback: bool,
    ) -> Option<usize> {
        let of = self.rates.iter().enumerate().filter(|(_, rate)| {
            rate.service == service && rate.abroad == abroad && (abroad || rate.fallback == fallback)
        });
        let of: Vec<(usize, &Rate)> = of.collect();
        let to = called.filter(|_| !abroad).and_then(|called| destination(&of, called));
        of.iter().find(|(_, rate)| rate.to == to).map(|(place, _)| *place)
    }
}

impl Rate {
    /// The price of a unit's worth in a band, or of a leg.
    pub(crate) fn price_at(&self, night: bool, incoming: bool) -> i128 {
        match (incoming, self.incoming) {
            (true, Some(price)) => price,
            _ if night => self.night.unwrap_or(self.price),
            _ => self.price,
        }
    }

    /// What so many units cost, as a fraction in hundredths. What is counted once, the connection and the least number
    /// of units, is counted where the rate is the first of its session.
    fn cost(&self, units: u64, (night, incoming): (bool, bool), is_first: bool) -> (i128, i128) {
        if units == 0 {
            return (0, 1);
        }
        let least = if is_first { self.first } else { 0 };
        let mut counted = units.max(least);
        let beyond = counted % self.step;
        if beyond > 0 {
            counted += self.step - beyond;
        }
        let connect = if is_first { self.connect } else { 0 };
        let per = i128::from(self.per);
        (self.price_at(night, incoming) * i128::from(counted) + connect * per, per * 10_000)
    }

    /// What is charged: half a hundredth is rounded up.
    pub(crate) fn charged(&self, units: u64, leg: (bool, bool), is_first: bool) -> i128 {
        let (over, under) = self.cost(units, leg, is_first);
        (2 * over + under).div_euclid(2 * under)
    }

    /// What is to be held at least.
    pub(crate) fn held(&self, units: u64, leg: (bool, bool), is_first: bool) -> i128 {
        let (over, under) = self.cost(units, leg, is_first);
        (over + under - 1).div_euclid(under)
    }
}

/// Whether the clocks of the zone show a time of the band `night`.
pub(crate) fn is_night(micros: i64) -> bool {
    let hour = (micros.div_euclid(1_000_000) + ZONE_SECS).div_euclid(3_600).rem_euclid(24);
    !(7..23).contains(&hour)
}

/// Whether a time from the first to the last moment has one of the band, and one outside of it.
pub(crate) fn nights(from: i64, to: i64) -> (bool, bool) {
    const HOUR: i64 = 3_600_000_000;
    let mut at = from;
    let (mut day, mut night) = (false, false);
    loop {
        if is_night(at) {
            night = true;
        } else {
            day = true;
        }
        if at >= to || (day && night) {
            return (day, night);
        }
        at = (at + HOUR / 2).min(to);
    }
}
