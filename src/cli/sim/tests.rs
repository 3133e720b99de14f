use super::*;
use clap::Parser;

#[derive(Parser, Debug)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn ran(words: &[&str]) -> (Status, String) {
    let line = Line::try_parse_from([&["sim"], words].concat()).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = run(&line.args, &mut out, &mut err).unwrap();
    (status, String::from_utf8(err).unwrap())
}

/// A port that nobody listens on: one that was free a moment ago.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn a_server_that_is_not_there_is_told_as_such() {
    let nobody = nobody();
    let (status, err) = ran(&["pgw", "--server", &nobody]);
    assert_eq!(status, Status::Unreachable);
    assert!(err.contains(&format!("no server can be reached at {nobody}")), "{err}");
    assert!(err.contains("start it with `gyro serve`, or name its Diameter address with --server"), "{err}");
}

#[test]
fn payments_are_not_built_yet() {
    let (status, err) = ran(&["payment", "--scenario", "x.toml"]);
    assert_eq!(status, Status::Failed);
    assert!(err.starts_with("gyro sim payment is not built yet"), "{err}");
}

#[test]
fn a_client_of_another_kind_is_refused_with_those_that_there_are() {
    let (status, err) = ran(&["ims", "--client", "cisco"]);
    assert_eq!(status, Status::Usage);
    assert!(err.contains("there is no ims like \"cisco\"; there are: kamailio, siphon, tas"), "{err}");
}

#[test]
fn a_scenario_that_is_not_there_or_not_sound_is_a_bad_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    let path = file.to_str().unwrap();
    let (status, err) = ran(&["pgw", "--scenario", path]);
    assert_eq!(status, Status::Configuration);
    assert!(err.contains("cannot be read"), "{err}");
    for (text, told) in [
        ("format = 1\n[[step]]\ndo = \"use\"\namount = \"90s\"", "s.toml:3: this is no step for cisco"),
        (
            "format = 1\n[[step]]\ndo = \"message\"\nto = \"1\"",
            "s.toml:3: this is no step for cisco: it sends no messages",
        ),
        (
            "format = 1\nclient = \"nobody\"\n[[step]]\ndo = \"end\"",
            "s.toml:2: there is no pgw like \"nobody\"",
        ),
        ("format = 1\n[[step]]\ndo = \"replay\"\ntimes = 3", "it does not send its CCR-T again"),
        ("format = 1\n[[step]]\ndo = \"and\"", "s.toml:3:6: there is no step `and`; did you mean `end`?"),
    ] {
        std::fs::write(&file, text).unwrap();
        let (status, err) = ran(&["pgw", "--scenario", path]);
        assert_eq!(status, Status::Configuration, "{text}");
        assert!(err.contains(told), "{text}: {err}");
    }
    std::fs::write(&file, "format = 1\n[[step]]\ndo = \"attach\"").unwrap();
    let (status, err) = ran(&["ims", "--scenario", path]);
    assert!(status == Status::Configuration && err.contains("a call goes `to` somebody"), "{err}");
}

#[test]
fn every_sample_scenario_is_sound_for_some_kind() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let read = scenario::read(&path, &text).unwrap();
        let fits = |kind: &Gateways| {
            client(kind, None, &read, "").is_ok_and(|make| fitting(make, &read, "").is_ok())
        };
        assert!([PGW, SMSC, IMS].iter().any(fits), "{}", path.display());
        count += 1;
    }
    assert!(count >= 4);
}
