//! Layers, faults and defaults of the configuration.

use super::*;

fn file(text: &str) -> Written {
    Written { file: Some(("gyro.toml".into(), text.into())), ..Written::default() }
}

fn faults(text: &str) -> Vec<String> {
    read(&file(text)).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn every_default_reads_as_its_own_kind() {
    for key in KEYS {
        for item in key.default.split(',').filter(|item| !item.is_empty()) {
            assert!(key.kind.read(item).is_some(), "{}: {item}", key.name);
        }
    }
    let config = read(&Written::default()).unwrap();
    assert_eq!(config.span("diameter.watchdog"), Duration::from_secs(30));
    assert_eq!(config.number("diameter.max_message"), 65_536);
    assert_eq!(config.unknown_peers, UnknownPeers::Accept);
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let mut written = file("[diameter]\nidentity = \"file.example\"\nrealm = \"file.realm\"\n");
    written.environment = vec![
        ("GYRO_DIAMETER__IDENTITY".into(), "env.example".into()),
        ("GYRO_ADMIN".into(), "127.0.0.1:1".into()),
        ("PATH".into(), "/bin".into()),
    ];
    let config = read(&written).unwrap();
    assert_eq!(config.identity, "env.example");
    assert_eq!(config.realm, "file.realm");
    written.flags = vec![("diameter.identity", "--origin-host", "flag.example".into())];
    let config = read(&written).unwrap();
    assert_eq!(config.identity, "flag.example");
    assert_eq!(config.settings["diameter.identity"].origin, Origin::Flag("--origin-host".into()));
    assert_eq!(config.settings["diameter.realm"].origin.to_string(), "gyro.toml:3:1");
    assert_eq!(config.settings["diameter.watchdog"].origin, Origin::Default);
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_nearest() {
    assert_eq!(
        faults("data = \"d\"\n[diameter]\n  watchdg = \"30s\"\n"),
        [
            "gyro.toml:3:3: unknown key diameter.watchdg (did you mean diameter.watchdog?)\n    watchdg = \"30s\""
        ]
    );
    assert_eq!(
        faults("[diamter]\n")[0].lines().next(),
        Some("gyro.toml:1:2: unknown section [diamter] (did you mean diameter?)")
    );
    assert!(
        faults("[diameter]\ntls_listen = [\"0.0.0.0:5868\"]\n")[0].contains("TLS comes with a later version")
    );
    let written =
        Written { environment: vec![("GYRO_DIAMETER__WATCHDGO".into(), "30s".into())], ..Written::default() };
    assert_eq!(
        read(&written).unwrap_err()[0].to_string(),
        "environment GYRO_DIAMETER__WATCHDGO: no key has this name (did you mean GYRO_DIAMETER__WATCHDOG?)"
    );
}

#[test]
fn a_value_of_the_wrong_kind_says_what_is_allowed() {
    assert_eq!(
        faults("[diameter]\nwatchdog = 30\n"),
        [
            "gyro.toml:2:12: diameter.watchdog is a span of time, such as \"500ms\", \"30s\", \"10min\" or \"24h\", found 30\n    watchdog = 30"
        ]
    );
    assert!(faults("[diameter]\nwatchdog = \"2s\"\n")[0].contains("no less than 6s"));
    assert!(faults("[diameter]\nlisten = []\n")[0].contains("nobody could connect"));
    assert!(faults("[diameter]\nunknown_peers = \"maybe\"\n")[0].contains("one of \"accept\", \"reject\""));
    assert!(faults("[admin]\nlisten = \"0.0.0.0:8068\"\n")[0].contains("off loopback"));
    assert!(faults("data = \"a\"\n[store]\nurl = \"sled:b\"\n")[0].contains("write sled:a"));
    assert!(faults("data = \n")[0].starts_with("gyro.toml:1:"));
}

#[test]
fn all_faults_are_told_at_once() {
    assert_eq!(faults("datta = 1\n[log]\nmask = 1\n[[peer]]\nprofil = \"x\"\n").len(), 4);
}

#[test]
fn peers_that_are_not_named_are_rejected_off_loopback() {
    assert_eq!(
        read(&file("[diameter]\nlisten = [\"0.0.0.0:3868\"]\n")).unwrap().unknown_peers,
        UnknownPeers::Reject
    );
    let text = "[diameter]\nlisten = [\"0.0.0.0:3868\"]\nunknown_peers = \"accept\"\n";
    assert_eq!(read(&file(text)).unwrap().unknown_peers, UnknownPeers::Accept);
}

#[test]
fn peers_and_profiles_are_read() {
    let config = read(&file(
        "[[peer]]\nidentity = \"pgw1\"\nfrom = [\"10.10.0.0/24\"]\nprofile = \"open5gs\"\nmax_tps = \"20k\"\n\
         [profiles.lab]\nbase = \"standard\"\nunknown_m = \"ignore\"\nholding_time = false\n",
    ))
    .unwrap();
    assert_eq!(config.peers[0].max_tps, Some(20_000));
    assert!(config.profiles[0].differs.contains(&("holding_time".into(), "false".into())));
    assert!(faults("[[peer]]\nidentity = \"a\"\n[[peer]]\nidentity = \"A\"\n")[0].contains("there twice"));
}

#[test]
fn the_template_is_a_configuration_of_defaults() {
    let commented = read(&file(&template())).unwrap();
    assert_eq!(commented.lines(), read(&Written::default()).unwrap().lines());
    let mut uncommented = String::new();
    for line in template().lines().take_while(|line| !line.contains("One [[peer]]")) {
        let assignment = line.strip_prefix("# ").filter(|line| {
            line.split_once(" = ").is_some_and(|(name, value)| !name.contains(' ') && value != "\"\"")
        });
        uncommented.push_str(assignment.unwrap_or(if line.starts_with('[') { line } else { "" }));
        uncommented.push('\n');
    }
    let values =
        |config: Config| config.lines().into_iter().map(|(name, value, _)| (name, value)).collect::<Vec<_>>();
    assert_eq!(values(read(&file(&uncommented)).unwrap()), values(commented));
}
