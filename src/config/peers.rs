//! `[[peer]]` and `[profiles.NAME]`: the gateways that are known by name, and how they are spoken to.

use toml::de::{DeTable, DeValue};

use super::fault::{ConfigFault, nearest};
use super::keys::{PEER_KEYS, PROFILE_KEYS};
use super::layer::{Source, did_you_mean, written};
use super::value::{Item, Kind};
use crate::diameter::peer::roster::Network;

/// A configured peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerConfig {
    /// Its Origin-Host.
    pub identity: String,
    /// Where it may come from, besides having that identity; empty for anywhere.
    pub from: Vec<Network>,
    /// The name of its profile; none to go by its Product-Name.
    pub profile: Option<String>,
    /// The most requests a second that open something new.
    pub max_tps: Option<u64>,
    /// Whether it may hold several connections.
    pub multi_connection: Option<bool>,
}

/// An operator's own profile: a known one and what differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileConfig {
    /// Its name.
    pub name: String,
    /// The profile it starts from.
    pub base: String,
    /// What differs: key and value as written.
    pub differs: Vec<(String, String)>,
}

/// Reads `[[peer]]`.
pub(super) fn read_peers(
    source: &Source<'_>,
    table: &DeTable<'_>,
    faults: &mut Vec<ConfigFault>,
) -> Vec<PeerConfig> {
    let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref() == "peer") else {
        return Vec::new();
    };
    let DeValue::Array(list) = value.get_ref() else {
        faults
            .push(source.fault(name.span().start, "peer is a list of tables, each begun by [[peer]]".into()));
        return Vec::new();
    };
    let mut peers: Vec<PeerConfig> = Vec::new();
    for item in list {
        let DeValue::Table(keys) = item.get_ref() else {
            faults.push(source.fault(item.span().start, "a peer is a table begun by [[peer]]".into()));
            continue;
        };
        let Some(peer) = read_peer(source, item.span().start, keys, faults) else { continue };
        if peers.iter().any(|other| other.identity.eq_ignore_ascii_case(&peer.identity)) {
            faults
                .push(source.fault(item.span().start, format!("peer \"{}\" is there twice", peer.identity)));
        }
        peers.push(peer);
    }
    peers
}

fn read_peer(
    source: &Source<'_>,
    at: usize,
    keys: &DeTable<'_>,
    faults: &mut Vec<ConfigFault>,
) -> Option<PeerConfig> {
    let mut peer = PeerConfig {
        identity: String::new(),
        from: Vec::new(),
        profile: None,
        max_tps: None,
        multi_connection: None,
    };
    for (key, value) in keys {
        let understood = match (key.get_ref().as_ref(), value.get_ref()) {
            ("identity", DeValue::String(text)) => {
                peer.identity = text.to_string();
                !text.is_empty()
            }
            ("from", DeValue::Array(list)) => {
                let networks: Option<Vec<Network>> =
                    list.iter().map(|item| item.get_ref().as_str()?.parse().ok()).collect();
                networks.map(|networks| peer.from = networks).is_some()
            }
            ("profile", DeValue::String(text)) => {
                peer.profile = Some(text.to_string());
                true
            }
            ("max_tps", DeValue::String(text)) => take_count(text, &mut peer.max_tps),
            ("max_tps", DeValue::Integer(number)) => take_count(number.as_str(), &mut peer.max_tps),
            ("multi_connection", DeValue::Boolean(switch)) => {
                peer.multi_connection = Some(*switch);
                true
            }
            (name, _) if PEER_KEYS.contains(&name) => false,
            (name, _) => {
                let hint = did_you_mean(nearest(name, PEER_KEYS.iter().copied()));
                faults.push(source.fault(key.span().start, format!("unknown key {name} of a peer{hint}")));
                continue;
            }
        };
        if !understood {
            let message = format!(
                "peer.{} is {}, found {}",
                key.get_ref(),
                looks_like(key.get_ref()),
                written(value.get_ref())
            );
            faults.push(source.fault(value.span().start, message));
        }
    }
    if peer.identity.is_empty() {
        faults.push(source.fault(at, "a peer needs an identity: its Origin-Host".into()));
        return None;
    }
    Some(peer)
}

fn take_count(text: &str, slot: &mut Option<u64>) -> bool {
    match Kind::Count.read(text) {
        Some(Item::Number(number)) => {
            *slot = Some(number);
            true
        }
        _ => false,
    }
}

fn looks_like(key: &str) -> &'static str {
    match key {
        "from" => "a list of addresses or networks, such as [\"10.10.0.0/24\"]",
        "max_tps" => "a count a second, such as 500 or \"20k\"",
        "multi_connection" => "true or false",
        _ => "a text",
    }
}

/// Reads `[profiles.NAME]`. Whether the values fit is said by the profile's own reader.
pub(super) fn read_profiles(
    source: &Source<'_>,
    table: &DeTable<'_>,
    faults: &mut Vec<ConfigFault>,
) -> Vec<ProfileConfig> {
    let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref() == "profiles") else {
        return Vec::new();
    };
    let DeValue::Table(all) = value.get_ref() else {
        faults.push(
            source.fault(name.span().start, "profiles are tables, each begun by [profiles.NAME]".into()),
        );
        return Vec::new();
    };
    let mut profiles = Vec::new();
    for (name, value) in all {
        let DeValue::Table(keys) = value.get_ref() else {
            faults.push(
                source.fault(name.span().start, "a profile is a table begun by [profiles.NAME]".into()),
            );
            continue;
        };
        let mut profile =
            ProfileConfig { name: name.get_ref().to_string(), base: "standard".into(), differs: Vec::new() };
        for (key, value) in keys {
            let text = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                other => written(other),
            };
            match key.get_ref().as_ref() {
                "base" => profile.base = text,
                known if PROFILE_KEYS.contains(&known) => profile.differs.push((known.into(), text)),
                unknown => {
                    let hint = did_you_mean(nearest(unknown, PROFILE_KEYS.iter().copied()));
                    faults.push(
                        source.fault(key.span().start, format!("unknown key {unknown} of a profile{hint}")),
                    );
                }
            }
        }
        profiles.push(profile);
    }
    profiles
}
