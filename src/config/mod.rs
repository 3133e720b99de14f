//! Configuration: written values in layers, checked once into [`Config`], which the rest is built from.
//!
//! Flag beats environment beats file beats default. An unknown key, section or variable is refused with
//! where it stands and the nearest known one; all faults are told at once.

mod fault;
mod keys;
mod layer;
mod peers;
mod value;

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

use toml::de::DeTable;

pub use fault::{ConfigFault, Origin};
pub use keys::{KEYS, Key, environment_name};
pub use layer::{Setting, Settings};
pub use peers::{PeerConfig, ProfileConfig};
pub use value::{Item, Kind};

/// What is done with a peer that no `[[peer]]` names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnknownPeers {
    /// It is served.
    Accept,
    /// It gets 3010 and is disconnected.
    Reject,
}

/// What is done after the store has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnFailure {
    /// Go on for emergency calls alone.
    EmergencyOnly,
    /// End at once with code 74.
    Exit,
}

/// The checked configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Every single setting with its origin, for `gyro check --print`.
    pub settings: Settings,
    /// The folder of journal, state and exports.
    pub data: PathBuf,
    /// A tariff file or a folder of them.
    pub tariffs: PathBuf,
    /// More dictionary files.
    pub dictionaries: Vec<PathBuf>,
    /// Our Origin-Host.
    pub identity: String,
    /// Our Origin-Realm.
    pub realm: String,
    /// Destination-Realms served besides.
    pub also_realms: Vec<String>,
    /// Where gateways connect.
    pub listen: Vec<SocketAddr>,
    /// What is done with peers that are not configured.
    pub unknown_peers: UnknownPeers,
    /// Configured peers.
    pub peers: Vec<PeerConfig>,
    /// The operator's own profiles.
    pub profiles: Vec<ProfileConfig>,
    /// What is done after the store has failed.
    pub on_failure: OnFailure,
    /// The operators' interface.
    pub admin: SocketAddr,
}

/// What the layers are read from.
#[derive(Clone, Default, Debug)]
pub struct Written {
    /// The file as named, and its text.
    pub file: Option<(String, String)>,
    /// The environment's variables.
    pub environment: Vec<(String, String)>,
    /// Flags: key, flag as the user knows it, value (lists with commas).
    pub flags: Vec<(&'static str, &'static str, String)>,
}

/// Reads and checks a configuration; all faults at once.
pub fn read(written: &Written) -> Result<Config, Vec<ConfigFault>> {
    let mut faults = Vec::new();
    let mut settings = layer::defaults();
    let (mut peers, mut profiles) = (Vec::new(), Vec::new());
    if let Some((file, text)) = &written.file {
        let source = layer::Source { file, text };
        match DeTable::parse(text) {
            Ok(table) => {
                layer::read_file(&source, table.get_ref(), &["peer", "profiles"], &mut settings, &mut faults);
                peers = peers::read_peers(&source, table.get_ref(), &mut faults);
                profiles = peers::read_profiles(&source, table.get_ref(), &mut faults);
            }
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                faults.push(source.fault(offset, error.message().into()));
            }
        }
    }
    layer::read_environment(written.environment.iter().cloned(), &mut settings, &mut faults);
    for (name, flag, value) in &written.flags {
        if let Some(key) = keys::find(name) {
            layer::put_text(key, value, Origin::Flag((*flag).into()), &mut settings, &mut faults);
        }
    }
    check(settings, peers, profiles, faults)
}

fn check(
    settings: Settings,
    peers: Vec<PeerConfig>,
    profiles: Vec<ProfileConfig>,
    mut faults: Vec<ConfigFault>,
) -> Result<Config, Vec<ConfigFault>> {
    let text = |name: &str| text_of(&settings, name).unwrap_or_default();
    let listen = addresses_of(&settings, "diameter.listen");
    let identity = text("diameter.identity");
    let realm = text("diameter.realm");
    for (name, value) in [("diameter.identity", &identity), ("diameter.realm", &realm)] {
        if !is_host_name(value) {
            faults.push(at(
                &settings,
                name,
                format!("{name} is a host name of letters, digits, - and ., found \"{value}\""),
            ));
        }
    }
    if listen.is_empty() {
        faults.push(at(
            &settings,
            "diameter.listen",
            "diameter.listen names no address: nobody could connect".into(),
        ));
    }
    let admin = addresses_of(&settings, "admin.listen").first().copied();
    if let Some(admin) = admin.filter(|admin| !admin.ip().is_loopback()) {
        let message = format!(
            "admin.listen is {admin}: off loopback it needs a token, which comes with a later version"
        );
        faults.push(at(&settings, "admin.listen", message));
    }
    check_spans(&settings, &mut faults);
    let url = text("store.url");
    let data = PathBuf::from(text("data"));
    if !url.is_empty() && url.strip_prefix("sled:").map(PathBuf::from).as_ref() != Some(&data) {
        let message =
            format!("store.url is \"{url}\", which is not the folder of data: write sled:{}", data.display());
        faults.push(at(&settings, "store.url", message));
    }
    let unknown_peers = match text("diameter.unknown_peers").as_str() {
        "accept" => UnknownPeers::Accept,
        "" if listen.iter().all(|address| address.ip().is_loopback()) => UnknownPeers::Accept,
        _ => UnknownPeers::Reject,
    };
    let on_failure =
        if text("store.on_failure") == "exit" { OnFailure::Exit } else { OnFailure::EmergencyOnly };
    let (Some(admin), true) = (admin, faults.is_empty()) else { return Err(faults) };
    Ok(Config {
        data,
        tariffs: PathBuf::from(text("tariffs")),
        dictionaries: texts_of(&settings, "dictionaries").into_iter().map(PathBuf::from).collect(),
        also_realms: texts_of(&settings, "diameter.also_realms"),
        identity,
        realm,
        listen,
        unknown_peers,
        peers,
        profiles,
        on_failure,
        admin,
        settings,
    })
}

fn check_spans(settings: &Settings, faults: &mut Vec<ConfigFault>) {
    let watchdog = span_of(settings, "diameter.watchdog").unwrap_or_default();
    if watchdog < Duration::from_secs(6) {
        let message =
            format!("diameter.watchdog is {}s; RFC 3539 allows no less than 6s", watchdog.as_secs());
        faults.push(at(settings, "diameter.watchdog", message));
    }
    let (soft, hard) = (number_of(settings, "overload.soft"), number_of(settings, "overload.hard"));
    if soft > hard {
        let message = "overload.soft lies above overload.hard: new sessions must be refused first".into();
        faults.push(at(settings, "overload.soft", message));
    }
}

fn at(settings: &Settings, name: &str, message: String) -> ConfigFault {
    let origin = settings.get(name).map_or(Origin::Default, |setting| setting.origin.clone());
    ConfigFault { origin, message, excerpt: None }
}

fn is_host_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
        })
}

fn items<'a>(settings: &'a Settings, name: &str) -> &'a [Item] {
    settings.get(name).map_or(&[], |setting| setting.items.as_slice())
}

fn text_of(settings: &Settings, name: &str) -> Option<String> {
    texts_of(settings, name).into_iter().next()
}

fn texts_of(settings: &Settings, name: &str) -> Vec<String> {
    let text = |item: &Item| match item {
        Item::Text(text) => Some(text.clone()),
        _ => None,
    };
    items(settings, name).iter().filter_map(text).collect()
}

fn addresses_of(settings: &Settings, name: &str) -> Vec<SocketAddr> {
    let address = |item: &Item| match item {
        Item::Address(address) => Some(*address),
        _ => None,
    };
    items(settings, name).iter().filter_map(address).collect()
}

fn span_of(settings: &Settings, name: &str) -> Option<Duration> {
    match items(settings, name).first() {
        Some(Item::Span(span)) => Some(*span),
        _ => None,
    }
}

fn number_of(settings: &Settings, name: &str) -> Option<u64> {
    match items(settings, name).first() {
        Some(Item::Number(number)) => Some(*number),
        _ => None,
    }
}

impl Config {
    /// The span of time of that key: every span has a default.
    pub fn span(&self, name: &str) -> Duration {
        span_of(&self.settings, name).unwrap_or_default()
    }

    /// The size or count of that key, as far as it fits.
    pub fn number(&self, name: &str) -> usize {
        usize::try_from(number_of(&self.settings, name).unwrap_or_default()).unwrap_or(usize::MAX)
    }

    /// The text of that key, empty where it has none.
    pub fn text(&self, name: &str) -> String {
        text_of(&self.settings, name).unwrap_or_default()
    }

    /// The texts of that key.
    pub fn texts(&self, name: &str) -> Vec<String> {
        texts_of(&self.settings, name)
    }

    /// The switch of that key.
    pub fn switch(&self, name: &str) -> bool {
        matches!(items(&self.settings, name).first(), Some(Item::Switch(true)))
    }

    /// One line for each key: name, value, and where it came from.
    pub fn lines(&self) -> Vec<(String, String, String)> {
        let line = |key: &Key| {
            let written = self.settings.get(key.name);
            let origin = written.map_or_else(|| "default".into(), |setting| setting.origin.to_string());
            (key.name.to_owned(), value_text(key.kind, written), origin)
        };
        KEYS.iter().map(line).collect()
    }
}

fn value_text(kind: Kind, setting: Option<&Setting>) -> String {
    let items: Vec<String> =
        setting.map(|setting| setting.items.iter().map(ToString::to_string).collect()).unwrap_or_default();
    if kind.is_list() {
        format!("[{}]", items.join(", "))
    } else {
        items.first().cloned().unwrap_or_default()
    }
}

/// The commented configuration that `gyro init` writes: every key with its default, commented out.
pub fn template() -> String {
    let mut text = String::from("# gyro's configuration. What is commented out is the default.\n");
    let mut section = "";
    for key in KEYS {
        let (level, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if level != section {
            section = level;
            text.push_str(&format!("\n[{level}]\n"));
        }
        let default = layer::defaults().get(key.name).cloned();
        let value = value_text(key.kind, default.as_ref());
        let value = if value.is_empty() { "\"\"".into() } else { value };
        text.push_str(&format!("# {}\n# {name} = {value}\n", key.doc));
    }
    text.push_str(PEER_TEMPLATE);
    text
}

const PEER_TEMPLATE: &str = r#"
# One [[peer]] for each gateway. Its identity is its Origin-Host; `from` is an added condition.
# [[peer]]
# identity = "pgw1.epc.mnc002.mcc401.3gppnetwork.org"
# from = ["10.10.0.0/24"]
# profile = "open5gs"          # standard, open5gs, magma, kamailio, cisco, nokia, lenient, or one of yours
# max_tps = "20k"

# A profile of your own: a known one and what differs.
# [profiles.lab]
# base = "standard"
# unknown_m = "ignore"
"#;

#[cfg(test)]
mod tests;
