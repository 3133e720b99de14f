//! The table of all keys: name, kind, default, and the sentence that `gyro init` writes above it.

use super::value::Kind;

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, levels joined by dots: `diameter.watchdog`.
    pub name: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// The default as it would be written; lists with commas between; empty for none.
    pub default: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
}

const fn key(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key { name, kind, default, doc }
}

/// Every key, in the order in which `gyro init` writes them: those without a level first.
pub const KEYS: &[Key] = &[
    key("data", Kind::Path, "gyro-data", "the folder of journal, state and exports"),
    key("tariffs", Kind::Path, "tariffs/", "a tariff file, or a folder of *.toml that are merged"),
    key("dictionaries", Kind::Paths, "", "more Diameter dictionary files (Wireshark's or go-diameter's XML)"),
    key(
        "diameter.identity",
        Kind::Text,
        "ocs.gyro.localdomain",
        "our Origin-Host; gateways that check it must be configured with it",
    ),
    key("diameter.realm", Kind::Text, "gyro.localdomain", "our Origin-Realm"),
    key("diameter.also_realms", Kind::Texts, "", "Destination-Realms served besides our own"),
    key(
        "diameter.listen",
        Kind::Addresses,
        "127.0.0.1:3868",
        "where gateways connect (TCP); port 0 takes a free one",
    ),
    key("diameter.watchdog", Kind::Span, "30s", "the watchdog interval Tw of RFC 3539, at least 6s"),
    key("diameter.max_message", Kind::Size, "64KiB", "the longest message that is taken"),
    key("diameter.max_avps", Kind::Count, "512", "the most AVPs in a message, over all levels"),
    key("diameter.max_depth", Kind::Count, "16", "how deep groups may lie in groups"),
    key("diameter.cer_timeout", Kind::Span, "5s", "how long a new connection may stay without a CER"),
    key("diameter.message_timeout", Kind::Span, "10s", "how long a message, once begun, may take to arrive"),
    key(
        "diameter.pending",
        Kind::Count,
        "4096",
        "requests undecided or unanswered per connection before it is not read",
    ),
    key("diameter.connections", Kind::Count, "1024", "the most connections at a time"),
    key(
        "diameter.failover",
        Kind::Choice(&["supported", "not-supported"]),
        "",
        "CC-Session-Failover in answers of sessions: whether another server knows the sessions of this one; by default it is not said",
    ),
    key(
        "diameter.failure_handling",
        Kind::Choice(&["terminate", "continue", "retry-and-terminate"]),
        "",
        "Credit-Control-Failure-Handling in answers of sessions: what a client does while nobody answers; by default it is not said, and the client's own setting counts",
    ),
    key(
        "diameter.debit_failure",
        Kind::Choice(&["terminate-or-buffer", "continue"]),
        "",
        "Direct-Debiting-Failure-Handling in answers to events: the same for one-time events; by default it is not said",
    ),
    key(
        "diameter.unknown_peers",
        Kind::Choice(&["accept", "reject"]),
        "",
        "peers that no [[peer]] names; by default accepted only when all listening addresses are loopback",
    ),
    key(
        "store.url",
        Kind::Text,
        "",
        "where the state is kept: sled:DIR; by default sled in the folder of data",
    ),
    key(
        "store.on_failure",
        Kind::Choice(&["emergency-only", "exit"]),
        "emergency-only",
        "after a failed write or sync: go on for emergency calls alone, or end with code 74",
    ),
    key("store.segment", Kind::Size, "64MiB", "the size of a journal segment"),
    key("store.cache", Kind::Size, "128MiB", "memory for sled's pages"),
    key("store.low_space", Kind::Size, "2GiB", "below this much free disk new sessions are refused"),
    key("store.memory", Kind::Size, "1GiB", "memory for accounts, subscribers and sessions that are in use"),
    key("admin.listen", Kind::Address, "127.0.0.1:8068", "the operators' HTTP interface; loopback only"),
    key("charging.grace", Kind::Span, "5s", "how long after its validity a grant stays reserved, at least"),
    key("charging.session_timeout", Kind::Span, "24h", "when a session without a reservation ends"),
    key(
        "charging.charge_unknown_sessions",
        Kind::Switch,
        "false",
        "charge use reported for a session that was never seen, when its subscriber is known",
    ),
    key(
        "charging.tariff_horizon",
        Kind::Span,
        "35d",
        "how long a version of the tariffs is kept after another came into force, for use that is reported late",
    ),
    key(
        "charging.command_horizon",
        Kind::Span,
        "30d",
        "for how long the key of an operator's command is known, so that a repeat changes nothing",
    ),
    key(
        "charging.slice_time",
        Kind::Span,
        "30s",
        "how long a grant of volume shall last at the measured rate of use before the client asks again",
    ),
    key(
        "charging.slice_factor",
        Kind::Count,
        "64",
        "how many times the plan's grant a fast session gets at most; 1: grants are as the plan says, whatever the use",
    ),
    key(
        "charging.slice_max",
        Kind::Size,
        "4GiB",
        "the most that a grant of volume grows to; a plan's `most` for a quota stands instead of it",
    ),
    key(
        "charging.reauth_rate",
        Kind::Count,
        "200",
        "gateways asked to re-authorise or end a session, a second; 0 asks none",
    ),
    key(
        "charging.reauth_timeout",
        Kind::Span,
        "10s",
        "how long a gateway may take to answer that, and then to report",
    ),
    key(
        "charging.reauth_tries",
        Kind::Count,
        "4",
        "how often it is asked, over another connection where there is one, before it is given up",
    ),
    key(
        "accounts.promise_amount",
        Kind::Count,
        "500",
        "how much a promised payment gives, in units of the currency; 0 offers none",
    ),
    key("accounts.promise_fee", Kind::Count, "50", "what a promised payment costs"),
    key("accounts.promise_term", Kind::Span, "72h", "after which what of it has not come is taken back"),
    key("accounts.promise_after", Kind::Span, "90d", "how long a number is served before it may promise"),
    key(
        "accounts.credit_ceiling",
        Kind::Count,
        "1000000",
        "no account's credit limit may be above it, in units of the currency",
    ),
    key("accounts.numbers_each", Kind::Count, "10", "the most numbers of one individual without --override"),
    key(
        "accounts.voucher_tries",
        Kind::Count,
        "5",
        "so many wrong codes of payment cards in a row lock a number out",
    ),
    key("accounts.voucher_lockout", Kind::Span, "1h", "for how long"),
    key(
        "notifications.dir",
        Kind::Path,
        "",
        "the folder for files of what subscribers are told (JSON lines); none: no files",
    ),
    key(
        "notifications.webhook",
        Kind::Text,
        "",
        "where each of them is posted, as http://HOST:PORT/PATH; none: nowhere",
    ),
    key(
        "notifications.language",
        Kind::Choice(&["kk", "ru", "en"]),
        "kk",
        "the language of who has chosen none",
    ),
    key(
        "notifications.templates",
        Kind::Path,
        "",
        "texts over the built-in ones: a TOML file with tables kk, ru and en",
    ),
    key(
        "notifications.thresholds",
        Kind::Texts,
        "80%,100%",
        "at how much use of a bundle, where its plan says nothing by `notify`; up to four",
    ),
    key(
        "notifications.low_balance",
        Kind::Count,
        "0",
        "below which balance, in whole units of the currency, where the plan says nothing by `low_balance`; 0: nothing is told",
    ),
    key("notifications.rotate_size", Kind::Size, "16MiB", "a file ends at this size"),
    key("notifications.rotate_every", Kind::Span, "15min", "a file ends after this time"),
    key(
        "notifications.give_up",
        Kind::Span,
        "72h",
        "for how long a notice is posted again before it is given up",
    ),
    key(
        "cdr.dir",
        Kind::Path,
        "",
        "the folder for files of charging data records; none: no records are made",
    ),
    key("cdr.format", Kind::Choice(&["jsonl", "csv"]), "jsonl", "the form of charging data records"),
    key("cdr.rotate_size", Kind::Size, "64MiB", "a file ends at this size"),
    key("cdr.rotate_every", Kind::Span, "15min", "a file ends after this time"),
    key("cdr.part_time", Kind::Span, "24h", "a session longer than this has its record in parts"),
    key(
        "cdr.part_volume",
        Kind::Size,
        "10GiB",
        "a session with more traffic than this has its record in parts",
    ),
    key("overload.soft", Kind::Count, "20k", "requests in hand above which new sessions and events get 3004"),
    key("overload.hard", Kind::Count, "40k", "requests in hand above which all but emergencies get 3004"),
    key("overload.age", Kind::Span, "3s", "work older than this is refused, not done"),
    key("log.format", Kind::Choice(&["text", "json"]), "text", "the form of log lines on stderr"),
    key("log.level", Kind::Text, "info", "the level, or directives such as info,gyro::server=debug"),
    key(
        "log.mask",
        Kind::Switch,
        "true",
        "hide the middle of subscriber numbers, IMSIs and addresses in logs",
    ),
];

/// The keys of a `[[peer]]`.
pub(super) const PEER_KEYS: &[&str] = &["identity", "from", "profile", "max_tps", "multi_connection"];

/// The keys of a `[profiles.NAME]`.
pub(super) const PROFILE_KEYS: &[&str] = &[
    "base",
    "honour_rsu",
    "throttle",
    "free_answer",
    "multi_connection",
    "default_context",
    "unknown_m",
    "max_units",
    "max_validity",
    "rar",
    "redirect",
    "restrict",
    "qos_fui",
    "pools",
    "holding_time",
    "refund",
    "triggers",
    "tariff_change",
    "announcements",
    "advice",
    "balance",
    "expiration",
    "furnish",
];

/// Keys that a later version brings: refused by name instead of being ignored.
pub(super) const LATER: &[(&str, &str)] = &[
    ("diameter.tls_listen", "TLS"),
    ("diameter.tls_cert", "TLS"),
    ("diameter.tls_key", "TLS"),
    ("diameter.tls_ca", "TLS"),
    ("admin.token_file", "the admin interface off loopback"),
];

/// The key of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The name in the environment: `GYRO_DIAMETER__WATCHDOG`.
pub fn environment_name(key: &Key) -> String {
    format!("GYRO_{}", key.name.replace('.', "__").to_ascii_uppercase())
}
