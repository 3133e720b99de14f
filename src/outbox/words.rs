//! The words of messages: built-in texts in Kazakh, Russian and English, and the operator's over them.

use std::collections::BTreeMap;

use crate::charging::account::block::BlockReason;
use crate::charging::account::life::EndReason;
use crate::charging::notice::{Cause, Language, Notice};
use crate::charging::units::{Amount, Money, Unit};
use crate::time::{Timestamp, Zone};

/// How figures are written.
#[derive(Clone, Debug)]
pub struct Locale {
    /// The zone of dates.
    pub zone: Zone,
    /// The currency as it is written behind a sum: `₸`.
    pub currency: String,
    /// The language of subscribers who have chosen none.
    pub language: Language,
}

/// A text that a message is made by: its name, what it may name, and the text in Kazakh, Russian, English.
struct BuiltIn {
    name: &'static str,
    names: &'static [&'static str],
    texts: [&'static str; 3],
}

const BUILT_IN: [BuiltIn; 11] = [
    BuiltIn {
        name: "bundle",
        names: &["bundle", "percent", "left", "expires"],
        texts: [
            "{bundle} пакетінің {percent} %-ы жұмсалды. Қалдығы: {left}.",
            "Израсходовано {percent} % пакета {bundle}. Остаток: {left}.",
            "{percent}% of your {bundle} bundle is used. Left: {left}.",
        ],
    },
    BuiltIn {
        name: "bundle-used-up",
        names: &["bundle", "percent", "expires"],
        texts: [
            "{bundle} пакеті толығымен жұмсалды. Әрі қарай пайдалану тарифіңіздің шарттары бойынша төленеді.",
            "Пакет {bundle} израсходован полностью. Дальнейшее использование оплачивается по условиям вашего тарифа.",
            "Your {bundle} bundle is used up. Further use is charged by the terms of your plan.",
        ],
    },
    BuiltIn {
        name: "low-balance",
        names: &["left"],
        texts: [
            "Шотыңызда қаражат аз қалды: {left}. Шотыңызды толтырыңыз.",
            "На вашем счёте мало средств: {left}. Пополните счёт.",
            "Your balance is low: {left}. Please top up.",
        ],
    },
    BuiltIn {
        name: "block",
        names: &["reason"],
        texts: [
            "Нөміріңіз бұғатталды. Себебі: {reason}. Шұғыл қызметтерге қоңырау шалуға болады.",
            "Ваш номер заблокирован. Причина: {reason}. Вызов экстренных служб доступен.",
            "Your number is blocked. Reason: {reason}. Emergency calls are possible.",
        ],
    },
    BuiltIn {
        name: "unblock",
        names: &["reason"],
        texts: [
            "Нөміріңізден бұғаттау алынды. Себебі мынау болған: {reason}.",
            "С вашего номера снята блокировка. Её причина: {reason}.",
            "A block of your number was lifted. Its reason was: {reason}.",
        ],
    },
    BuiltIn {
        name: "end",
        names: &["reason"],
        texts: [
            "Нөміріңіз бойынша шарт тоқтатылды. Себебі: {reason}.",
            "Договор по вашему номеру прекращён. Причина: {reason}.",
            "The contract of your number has ended. Reason: {reason}.",
        ],
    },
    BuiltIn {
        name: "topup",
        names: &["amount", "balance"],
        texts: [
            "Шотыңызға {amount} түсті. Теңгерім: {balance}.",
            "На ваш счёт поступило {amount}. Баланс: {balance}.",
            "{amount} was added to your account. Balance: {balance}.",
        ],
    },
    BuiltIn {
        name: "promise",
        names: &["amount", "fee", "due", "balance"],
        texts: [
            "Сізге {amount} көлемінде сенімді төлем берілді. Қызмет ақысы: {fee}. Төлеу мерзімі: {due}.",
            "Вам предоставлен доверительный платёж {amount}. Плата за услугу: {fee}. Срок оплаты: {due}.",
            "You were given a trusted payment of {amount}. Its fee: {fee}. To be paid by {due}.",
        ],
    },
    BuiltIn {
        name: "roaming",
        names: &["network", "zone"],
        texts: [
            "Сіз роуминг аймағындасыз. Роумингтегі қызметтер бөлек тарифпен төленеді, берешек пайда болуы мүмкін.",
            "Вы находитесь в роуминге. Услуги в роуминге оплачиваются отдельно, возможно возникновение задолженности.",
            "You are roaming. Services are charged by roaming rates, and a debt may arise.",
        ],
    },
    BuiltIn {
        name: "fee",
        names: &["name", "amount", "balance"],
        texts: [
            "«{name}» үшін {amount} абоненттік төлем алынды. Теңгерім: {balance}.",
            "Списана абонентская плата за «{name}»: {amount}. Баланс: {balance}.",
            "The fee for {name} was charged: {amount}. Balance: {balance}.",
        ],
    },
    BuiltIn {
        name: "fee-unpaid",
        names: &["name", "amount", "balance"],
        texts: [
            "«{name}» абоненттік төлеміне ({amount}) қаражат жеткіліксіз. Теңгерім: {balance}. Шотыңызды толтырыңыз.",
            "Недостаточно средств для абонентской платы за «{name}»: {amount}. Баланс: {balance}. Пополните счёт.",
            "There is not enough money for the fee of {name}: {amount}. Balance: {balance}. Please top up.",
        ],
    },
];

/// The texts in force.
#[derive(Clone, Debug)]
pub struct Templates {
    texts: BTreeMap<(&'static str, Language), Vec<Piece>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Name(&'static str),
}

impl Default for Templates {
    fn default() -> Self {
        let mut texts = BTreeMap::new();
        for built_in in &BUILT_IN {
            for (language, text) in Language::ALL.into_iter().zip(built_in.texts) {
                let pieces = pieces(text, built_in.names);
                texts.insert((built_in.name, language), pieces.unwrap_or_default());
            }
        }
        Self { texts }
    }
}

impl Templates {
    /// The built-in texts, and those of an operator's file over them: TOML with a table for each language (`kk`, `ru`,
    /// `en`), and in it a text for each kind of message. All faults are told, each with its place.
    pub fn read(content: &str) -> Result<Self, Vec<String>> {
        let mut templates = Self::default();
        let table: toml::Table = content.parse().map_err(|error: toml::de::Error| vec![error.to_string()])?;
        let mut faults = Vec::new();
        for (code, texts) in &table {
            let Some(language) = Language::of(code) else {
                faults.push(format!("[{code}]: there are the languages kk, ru and en"));
                continue;
            };
            let Some(texts) = texts.as_table() else {
                faults.push(format!("{code} is a table of texts: write [{code}]"));
                continue;
            };
            for (name, text) in texts {
                let at = format!("{code}.{name}");
                let Some(built_in) = BUILT_IN.iter().find(|built_in| built_in.name == name) else {
                    let known: Vec<_> = BUILT_IN.iter().map(|built_in| built_in.name).collect();
                    faults.push(format!("{at}: there is no such message; there are {}", known.join(", ")));
                    continue;
                };
                match text.as_str().map(|text| pieces(text, built_in.names)) {
                    Some(Ok(pieces)) => {
                        templates.texts.insert((built_in.name, language), pieces);
                    }
                    Some(Err(fault)) => faults.push(format!("{at}: {fault}")),
                    None => faults.push(format!("{at}: a text in quotes")),
                }
            }
        }
        if faults.is_empty() { Ok(templates) } else { Err(faults) }
    }

    /// The message of a notice, in its subscriber's language.
    pub fn message(&self, notice: &Notice, locale: &Locale) -> String {
        let language = notice.language.unwrap_or(locale.language);
        let facts = facts(&notice.cause, language, locale);
        let name = match &notice.cause {
            Cause::Bundle { percent: 100, .. } => "bundle-used-up",
            cause => cause.word(),
        };
        let mut message = String::new();
        for piece in self.texts.get(&(name, language)).into_iter().flatten() {
            match piece {
                Piece::Text(text) => message.push_str(text),
                Piece::Name(name) => {
                    let found = facts.iter().find(|(of, _)| of == name);
                    message.push_str(found.map_or("", |(_, text)| text));
                }
            }
        }
        message
    }
}

/// Cuts a text at its names in braces; `{{` stands for a brace.
fn pieces(text: &str, names: &'static [&'static str]) -> Result<Vec<Piece>, String> {
    if text.trim().is_empty() {
        return Err("the text is empty".into());
    }
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        if let Some(after) = after.strip_prefix('{') {
            plain.push('{');
            rest = after;
            continue;
        }
        let Some((name, behind)) = after.split_once('}') else {
            return Err(format!(
                "a brace is open that nothing closes: write {{{{ for a brace, found \"{{{after}\""
            ));
        };
        let Some(known) = names.iter().find(|known| **known == name) else {
            return Err(format!(
                "there is no {{{name}}} in this message; there are {{{}}}",
                names.join("}, {")
            ));
        };
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Name(known));
        rest = behind;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// The facts of a cause as they are written in a message.
fn facts(cause: &Cause, language: Language, locale: &Locale) -> Vec<(&'static str, String)> {
    let money = |sum: &Money| format!("{sum} {}", locale.currency);
    let date = |at: &Timestamp| day_and_time(&locale.zone, *at);
    match cause {
        Cause::Bundle { bundle, percent, left, expires } => vec![
            ("bundle", bundle.to_string()),
            ("percent", percent.to_string()),
            ("left", amount(*left, language, locale)),
            ("expires", expires.as_ref().map(date).unwrap_or_default()),
        ],
        Cause::LowBalance { left } => vec![("left", money(left))],
        Cause::Blocked { reason } | Cause::Unblocked { reason } => {
            vec![("reason", in_language(block_words(*reason), language).into())]
        }
        Cause::Ended { why } => vec![("reason", in_language(end_words(*why), language).into())],
        Cause::Topup { amount, balance } => vec![("amount", money(amount)), ("balance", money(balance))],
        Cause::Promise { amount, fee, due, balance } => vec![
            ("amount", money(amount)),
            ("fee", money(fee)),
            ("due", date(due)),
            ("balance", money(balance)),
        ],
        Cause::Roaming { network, zone } => {
            vec![("network", network.to_string()), ("zone", zone.as_deref().unwrap_or("").into())]
        }
        Cause::Fee { name, amount, balance } | Cause::FeeUnpaid { name, amount, balance } => {
            vec![("name", name.to_string()), ("amount", money(amount)), ("balance", money(balance))]
        }
    }
}

const fn in_language([kazakh, russian, english]: [&'static str; 3], language: Language) -> &'static str {
    match language {
        Language::Kazakh => kazakh,
        Language::Russian => russian,
        Language::English => english,
    }
}

const fn block_words(reason: BlockReason) -> [&'static str; 3] {
    match reason {
        BlockReason::Lost => {
            ["SIM-карта немесе құрылғы жоғалған", "утеря SIM-карты или устройства", "SIM card or device lost"]
        }
        BlockReason::Theft => ["ұрлық", "кража", "theft"],
        BlockReason::Authority => {
            ["уәкілетті органның талабы", "требование уполномоченного органа", "order of an authority"]
        }
        BlockReason::Fraud => ["заңсыз пайдалану", "неправомерное использование", "unauthorised use"],
        BlockReason::Breach => {
            ["шарт талаптарының бұзылуы", "нарушение условий договора", "breach of the contract"]
        }
        BlockReason::Device => {
            ["құрылғы тіркелмеген", "устройство не зарегистрировано", "device not registered"]
        }
        BlockReason::FalseData => ["деректер дұрыс емес", "недостоверные данные", "false data"],
        BlockReason::Data => {
            ["мобильді интернет бұғатталған", "мобильный интернет заблокирован", "mobile data blocked"]
        }
        BlockReason::Area => ["аумақтағы шектеу", "ограничение на территории", "restriction in an area"],
    }
}

const fn end_words(why: EndReason) -> [&'static str; 3] {
    match why {
        EndReason::Request => ["өтініш бойынша", "по заявлению", "on request"],
        EndReason::Unpaid => ["шот төленбеген", "неоплаченный счёт", "unpaid invoice"],
        EndReason::Unused => [
            "он екі ай бойы пайдаланылмаған",
            "не использовался двенадцать месяцев",
            "not used for twelve months",
        ],
        EndReason::Renumbered => ["нөмір ауыстырылды", "номер заменён", "number changed"],
        EndReason::PortedOut => {
            ["нөмір басқа операторға көшірілді", "номер перенесён к другому оператору", "number ported out"]
        }
    }
}

fn amount(amount: Amount, language: Language, locale: &Locale) -> String {
    match amount.unit {
        Unit::Octets => {
            const UNITS: [(u64, [&str; 3]); 3] =
                [(1 << 30, ["ГБ", "ГБ", "GB"]), (1 << 20, ["МБ", "МБ", "MB"]), (1 << 10, ["КБ", "КБ", "KB"])];
            let (size, name) =
                UNITS.into_iter().find(|(size, _)| amount.count >= *size).unwrap_or((1, ["Б", "Б", "B"]));
            let tenths = u128::from(amount.count).saturating_mul(10).div_euclid(u128::from(size));
            let (whole, tenth) = (tenths.div_euclid(10), tenths.rem_euclid(10));
            let point = if language == Language::English { '.' } else { ',' };
            let figure = if tenth == 0 { whole.to_string() } else { format!("{whole}{point}{tenth}") };
            format!("{figure} {}", in_language(name, language))
        }
        Unit::Seconds if amount.count >= 60 => {
            format!("{} {}", amount.count.div_euclid(60), in_language(["мин", "мин", "min"], language))
        }
        Unit::Seconds => format!("{} {}", amount.count, in_language(["с", "с", "s"], language)),
        Unit::Pieces => amount.count.to_string(),
        Unit::Money => {
            let sum = Money::from_micros(i64::try_from(amount.count).unwrap_or(i64::MAX));
            format!("{sum} {}", locale.currency)
        }
    }
}

/// `23.11.2026 08:00`.
fn day_and_time(zone: &Zone, at: Timestamp) -> String {
    let text = zone.rfc3339(at);
    let written = || {
        let (date, time) = text.split_once('T')?;
        let mut date = date.splitn(3, '-');
        let (year, month, day) = (date.next()?, date.next()?, date.next()?);
        Some(format!("{day}.{month}.{year} {}", time.get(..5)?))
    };
    written().unwrap_or_else(|| text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::units::Digits;

    fn locale() -> Locale {
        Locale {
            zone: Zone::named("Asia/Almaty").unwrap(), currency: "₸".into(), language: Language::Kazakh
        }
    }

    fn message(templates: &Templates, language: Option<Language>, cause: Cause) -> String {
        let msisdn = Digits::parse("77010000001").unwrap();
        templates.message(&Notice { msisdn, language, at: Timestamp::EPOCH, cause }, &locale())
    }

    fn used(percent: u8, left: u64) -> Cause {
        let left = Amount::new(Unit::Octets, left);
        Cause::Bundle { bundle: "data30".into(), percent, left, expires: None }
    }

    #[test]
    fn a_message_is_in_the_subscriber_s_language_or_else_the_operator_s() {
        let built_in = Templates::default();
        let left = 3 * (1 << 30) / 2;
        let said = |language| message(&built_in, language, used(80, left));
        assert_eq!(said(Some(Language::Russian)), "Израсходовано 80 % пакета data30. Остаток: 1,5 ГБ.");
        assert_eq!(said(Some(Language::English)), "80% of your data30 bundle is used. Left: 1.5 GB.");
        assert_eq!(said(None), "data30 пакетінің 80 %-ы жұмсалды. Қалдығы: 1,5 ГБ.");
        let all = message(&built_in, Some(Language::English), used(100, 0));
        assert_eq!(all, "Your data30 bundle is used up. Further use is charged by the terms of your plan.");
    }

    #[test]
    fn every_message_is_there_in_every_language_and_names_what_its_cause_has() {
        let built_in = Templates::default();
        for built in &BUILT_IN {
            for (language, text) in Language::ALL.into_iter().zip(built.texts) {
                assert!(pieces(text, built.names).is_ok(), "{} {}", built.name, language.code());
            }
        }
        let (one, two) = (Money::from_cents(50_000).unwrap(), Money::from_cents(5_000).unwrap());
        let due = Timestamp::from_secs(1_800_000_000);
        let promise = Cause::Promise { amount: one, fee: two, due, balance: one };
        assert_eq!(
            message(&built_in, Some(Language::Russian), promise),
            "Вам предоставлен доверительный платёж 500.00 ₸. Плата за услугу: 50.00 ₸. Срок оплаты: 15.01.2027 13:00."
        );
        for word in Cause::WORDS {
            assert!(BUILT_IN.iter().any(|built| built.name == word), "{word}");
        }
    }

    #[test]
    fn an_operator_s_text_stands_over_ours() {
        let own = Templates::read("[en]\ntopup = \"+{amount} {{{balance}}\"\n").unwrap();
        let sum = Money::from_cents(100).unwrap();
        let cause = || Cause::Topup { amount: sum, balance: sum };
        assert_eq!(message(&own, Some(Language::English), cause()), "+1.00 ₸ {1.00 ₸}");
        assert!(message(&own, Some(Language::Russian), cause()).starts_with("На ваш счёт"));
    }

    #[test]
    fn what_is_wrong_with_a_text_is_told_by_its_name() {
        let faults = Templates::read(
            "[de]\ntopup = \"x\"\n[ru]\ntopups = \"x\"\ntopup = \"{sum}\"\nfee = \"{amount\"\nend = 5\nblock = \" \"\n",
        )
        .unwrap_err();
        let expected = ["[de]", "ru.block", "ru.end", "ru.fee", "ru.topup", "ru.topups"];
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, name) in faults.iter().zip(expected) {
            assert!(fault.starts_with(name), "{fault}");
        }
        assert!(faults.iter().any(|fault| fault.contains("{amount}, {balance}")), "{faults:?}");
        assert!(Templates::read("not toml").is_err());
    }
}
