//! Bad input to the real binary: one clear message, the documented exit code, and a store that is as it was before.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what is not as it should be"
)]

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gyro::charging::units::Digits;
use gyro::store::local::{self, Options};
use gyro::store::record::subscriber;
use gyro::store::{Batch, Probe, Record};

mod binary;

use binary::{BINARY, Server, tariff};

const NUMBER: &str = "77010000001";
const OTHER: &str = "77010000002";
/// No command of these tests takes long; one that does not end is a failure, not a test that hangs.
const DEADLINE: Duration = Duration::from_mins(2);

/// A folder of its own, in which the commands run.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::TempDir::new().unwrap() }
    }

    /// With a store in `data` that has two subscribers.
    fn with_store() -> Self {
        let place = Self::new();
        for (number, balance) in [(NUMBER, "1000"), (OTHER, "20")] {
            let tariff = tariff();
            let add = ["subscriber", "add", number, "--plan", "comfort", "--balance", balance];
            place.done(&[&add[..], &["--data", "data", "--tariffs", &tariff]].concat());
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    fn gyro(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(BINARY);
        ended(command.args(arguments))
    }

    /// Runs a command that must do what it is told; gives what it said.
    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let done = self.gyro(arguments);
        assert!(done.status.success(), "{arguments:?}: {}", text(&done.stderr));
        text(&done.stdout)
    }

    /// What a store holds, as its own tools tell it.
    #[track_caller]
    fn told(&self) -> (String, String) {
        let list = self.done(&["subscriber", "list", "--data", "data", "--output", "json"]);
        (list, self.done(&["store", "verify", "--data", "data"]))
    }

    /// Every file below a folder, octet for octet.
    fn files(&self, name: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut found, mut folders) = (BTreeMap::new(), vec![self.path(name)]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.insert(path.clone(), fs::read(path).unwrap());
                }
            }
        }
        found
    }

    /// What `gyro serve` is told to serve on free ports.
    fn serve<'a>(tariff: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let base = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--tariffs", tariff];
        [&base[..], more].concat()
    }

    /// A server that serves the store in `data`.
    fn server(&self) -> Server {
        Server::start(self.folder.path())
    }
}

/// No file of a server may be written beyond so many octets.
#[allow(unsafe_code, reason = "the standard library has no prlimit")]
fn limit_files(server: &Server, octets: u64) {
    let limit = libc::rlimit { rlim_cur: octets, rlim_max: octets };
    // SAFETY: `limit` is read during the call alone, and no old limit is asked for.
    let set =
        unsafe { libc::prlimit(server.id(), libc::RLIMIT_FSIZE, &raw const limit, std::ptr::null_mut()) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

/// The end of a command, which must come.
#[track_caller]
fn ended(command: &mut Command) -> Output {
    let child = command.spawn().unwrap();
    let id: libc::pid_t = child.id().try_into().unwrap();
    let (send, receive) = mpsc::channel();
    let waiting = thread::spawn(move || send.send(child.wait_with_output()).unwrap());
    match receive.recv_timeout(DEADLINE) {
        Ok(output) => {
            waiting.join().unwrap();
            output.unwrap()
        }
        Err(_) => {
            kill(id);
            panic!("it does not end: {command:?}");
        }
    }
}

#[allow(unsafe_code, reason = "the child belongs to another thread by now")]
fn kill(id: libc::pid_t) {
    // SAFETY: plain numbers are passed; the child is being waited for and has not ended.
    unsafe { libc::kill(id, libc::SIGKILL) };
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// It ended with that code and said nothing but one message of so many lines, which has these words.
#[track_caller]
fn refused_in(lines: usize, output: &Output, code: i32, words: &[&str]) -> String {
    let said = text(&output.stderr);
    // a signal that ended it has no code
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), lines, "{said}");
    for word in words {
        assert_eq!(said.matches(word).count(), 1, "{word:?} stands once in {said:?}");
    }
    for noise in ["panicked", "RUST_BACKTRACE", "src/", "Err(", "Error {"] {
        assert!(!said.contains(noise), "{said}");
    }
    said
}

#[track_caller]
fn refused(output: &Output, code: i32, words: &[&str]) -> String {
    refused_in(1, output, code, words)
}

#[test]
fn a_port_in_use_is_told_and_nothing_is_made() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let tariff = tariff();
    for (flag, other) in [("--listen", "--admin"), ("--admin", "--listen")] {
        let serve = ["serve", flag, &address, other, "127.0.0.1:0", "--tariffs", &tariff, "--data", "data"];
        let said =
            refused(&place.gyro(&serve), 1, &[&address, "Address already in use", "stop what listens there"]);
        assert!(said.starts_with("gyro: cannot listen on "), "{said}");
    }
    assert!(!place.path("data").exists());
}

#[test]
fn a_configuration_that_cannot_be_read_is_told_with_its_name() {
    let place = Place::new();
    place.write("octets.toml", b"\xff\xfe");
    fs::create_dir(place.path("folder.toml")).unwrap();
    for name in ["none.toml", "octets.toml", "folder.toml"] {
        for command in ["serve", "check"] {
            let said = refused(&place.gyro(&[command, "-c", name]), 78, &[name, "gyro init DIR"]);
            assert!(said.contains("cannot be read"), "{said}");
        }
    }
    place.write("broken.toml", "[diameter\nlisten = 3\n");
    refused_in(2, &place.gyro(&["serve", "-c", "broken.toml"]), 78, &["broken.toml:1:10: unclosed table"]);
    assert!(!place.path("gyro-data").exists());
}

#[test]
fn an_unknown_key_is_told_with_its_place() {
    let place = Place::new();
    place.write("gyro.toml", "[diameter]\nlisen = [\"127.0.0.1:0\"]\n");
    let words = ["gyro.toml:2:1: unknown key diameter.lisen (did you mean diameter.listen?)"];
    refused_in(2, &place.gyro(&["serve"]), 78, &words);
    refused_in(2, &place.gyro(&["check"]), 78, &words);
    let mut command = place.command(BINARY);
    let output = ended(command.args(["serve", "-c", "/dev/null"]).env("GYRO_DIAMETER__LISEN", "127.0.0.1:0"));
    refused(&output, 78, &["GYRO_DIAMETER__LISEN", "did you mean GYRO_DIAMETER__LISTEN?"]);
    assert!(!place.path("gyro-data").exists());
}

#[test]
fn a_missing_tariff_is_told_with_the_command_that_writes_one() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    let add = ["subscriber", "add", NUMBER, "--plan", "comfort", "--data", "data"];
    let commands: [&[&str]; 6] = [
        &["serve"],
        &["check"],
        &["serve", "--tariffs", "none.toml"],
        &["serve", "--tariffs", "empty"],
        &add,
        &[&add[..], &["--tariffs", "none.toml"]].concat(),
    ];
    for command in commands {
        refused(&place.gyro(command), 78, &["gyro init DIR"]);
    }
    assert!(!place.path("data").exists() && !place.path("gyro-data").exists());
}

#[test]
fn a_faulty_dictionary_is_told_with_its_place() {
    let place = Place::new();
    place.write(
        "own.xml",
        "<dictionary>\n  <base>\n    <avp name=\"Own\" code=\"many\"><type type-name=\"UTF8String\"/></avp>\n  </base>\n</dictionary>\n",
    );
    place.write("gyro.toml", "dictionaries = [\"own.xml\"]\n");
    let tariff = tariff();
    let dwr = "0100001480000118000000000000000100000002";
    let commands: [&[&str]; 3] = [
        &Place::serve(&tariff, &["--data", "data"]),
        &["decode", "--dictionary", "own.xml", dwr],
        &["dict", "lookup", "--dictionary", "own.xml", "263"],
    ];
    for command in commands {
        refused(&place.gyro(command), 78, &["own.xml:3:", "many"]);
    }
    assert!(!place.path("data").exists());
}

#[test]
fn input_that_is_no_diameter_is_told_once() {
    let place = Place::new();
    place.write("notes.txt", "not a capture\n");
    place.write("noise.pcap", [0xa1, 0xb2, 0xc3, 0xd4, 0, 2]);
    for input in ["nothing-of-that-name", "notes.txt", "noise.pcap", "00ff00ff", "02000014", "0", "-"] {
        let output = place.gyro(&["decode", input]);
        let said = refused(&output, 1, &[]);
        assert!(said.starts_with("gyro decode: "), "{said}");
        assert!(output.stdout.is_empty());
    }
}

/// The same words from a store that this command opens, and from the server that has it open.
#[test]
fn orders_that_cannot_be_carried_out_leave_the_store_as_it_was() {
    let place = Place::with_store();
    let before = place.told();
    let orders: [(&[&str], &[&str]); 6] = [
        (
            &["subscriber", "add", "77010000003", "--plan", "unlimited", "--balance", "5"],
            &["there is no plan \"unlimited\": the tariff in force has comfort, payg, post"],
        ),
        (
            &["subscriber", "set", NUMBER, "--plan", "comfrt"],
            &["there is no plan \"comfrt\": did you mean \"comfort\"?"],
        ),
        (
            &["subscriber", "add", NUMBER, "--plan", "comfort", "--balance", "5"],
            &["the subscriber 77010000001 exists already: change it with `gyro subscriber set`"],
        ),
        (
            &["subscriber", "show", "77010000009"],
            &["there is no subscriber 77010000009: add it with `gyro subscriber add`"],
        ),
        (&["subscriber", "set", "77010000009", "--plan", "payg"], &["there is no subscriber 77010000009"]),
        (&["account", "topup", "77010000009", "5"], &["there is no subscriber 77010000009"]),
    ];
    for (order, words) in orders {
        let order = [order, &["--data", "data"]].concat();
        refused(&place.gyro(&order), 1, words);
    }
    assert_eq!(place.told(), before);
    let server = place.server();
    for (order, words) in orders {
        let order = [order, &["--admin", &server.admin]].concat();
        refused(&place.gyro(&order), 1, words);
    }
    assert_eq!(server.end().0, Some(0));
    assert_eq!(place.told().0, before.0);
}

#[test]
fn a_first_order_that_is_refused_makes_no_store() {
    let place = Place::new();
    let tariff = tariff();
    let add = |more: &[&str]| {
        let add = ["subscriber", "add", NUMBER, "--data", "data", "--tariffs", &tariff];
        place.gyro(&[&add[..], more].concat())
    };
    let orders: [(&[&str], &[&str]); 2] = [
        (
            &["--plan", "unlimited"],
            &["there is no plan \"unlimited\": the tariff in force has comfort, payg, post"],
        ),
        (&["--plan", "comfort", "--owner", "12"], &["the owner \"12\" is no 12-digit number"]),
    ];
    for (order, words) in orders {
        refused(&add(order), 1, words);
        assert!(!place.path("data").exists(), "{order:?}");
    }
    let made = add(&["--plan", "comfort"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(place.path("data").is_dir());
}

#[test]
fn a_data_directory_that_cannot_be_made_is_refused() {
    let place = Place::new();
    place.write("file", "");
    let tariff = tariff();
    let add = ["subscriber", "add", NUMBER, "--plan", "comfort", "--data", "file/data", "--tariffs", &tariff];
    let serve = Place::serve(&tariff, &["--data", "file/data"]);
    for command in [&add[..], &serve] {
        refused(&place.gyro(command), 73, &["the data directory file/data cannot be used"]);
    }
    refused(&place.gyro(&["subscriber", "list", "--data", "none"]), 73, &["none holds no gyro store"]);
}

#[test]
fn a_store_in_use_is_refused_at_once_and_goes_on_being_served() {
    let place = Place::with_store();
    let before = place.told().0;
    let server = place.server();
    let tariff = tariff();
    let words = ["data is in use by another gyro process: stop it, or use its admin address"];
    refused(&place.gyro(&Place::serve(&tariff, &["--data", "data"])), 73, &words);
    refused(&place.gyro(&["subscriber", "list", "--data", "data"]), 73, &words);
    refused(&place.gyro(&["store", "verify", "--data", "data"]), 73, &words);
    let list = place.done(&["subscriber", "list", "--output", "json", "--admin", &server.admin]);
    assert_eq!(list, before);
    TcpStream::connect(&server.diameter).unwrap();
    let (code, said) = server.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(place.told().0, before);
}

fn options() -> Options {
    let probe = Probe::Child {
        program: BINARY.into(),
        arguments: vec!["store".into(), "probe-state".into()],
        deadline: DEADLINE,
    };
    Options::new(probe)
}

#[test]
fn a_record_that_cannot_be_read_is_named_and_the_others_are_served() {
    let place = Place::with_store();
    gyro::store::guard().unwrap();
    let mut opened = local::open(&place.path("data"), options()).unwrap();
    let key = subscriber::key(Digits::parse(OTHER).unwrap());
    let records = vec![Record::put(subscriber::CLASS, key, vec![255; 7])];
    let batch = Batch { sequence: opened.commit.durable().next(), guards: Vec::new(), records };
    opened.commit.append(&batch).unwrap();
    opened.commit.sync().unwrap();
    opened.state.apply(batch).unwrap();
    opened.commit.close().unwrap();
    drop(opened);
    let verify = || {
        let found = place.gyro(&["store", "verify", "--data", "data"]);
        assert_eq!(found.status.code(), Some(74));
        let found = text(&found.stdout);
        found.lines().filter(|line| line.starts_with("fault: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let faults = verify();
    assert_eq!(faults.len(), 1, "{faults:?}");
    let what = faults[0].strip_prefix("fault: ").unwrap();
    let show = |number| place.gyro(&["subscriber", "show", number, "--data", "data", "--output", "json"]);
    let sound = place.done(&["subscriber", "show", NUMBER, "--data", "data", "--output", "json"]);
    refused(&show(OTHER), 74, &[what, "gyro store verify"]);
    refused(&place.gyro(&["subscriber", "list", "--data", "data"]), 74, &[what, "gyro store verify"]);
    refused(
        &place.gyro(&["account", "topup", OTHER, "5", "--data", "data"]),
        74,
        &[what, "gyro store verify"],
    );
    assert_eq!(text(&show(NUMBER).stdout), sound);
    assert_eq!(verify(), faults);
    let server = place.server();
    let show = ["subscriber", "show", OTHER, "--admin", &server.admin];
    refused(&place.gyro(&show), 74, &["what is stored could not be read", "gyro store verify"]);
    let (code, said) = server.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches(what).count(), 1, "{said}");
}

#[test]
fn a_damaged_journal_is_refused_and_left_as_it_is() {
    let place = Place::with_store();
    let segment = fs::read_dir(place.path("data/journal")).unwrap().next().unwrap().unwrap().path();
    let mut octets = fs::read(&segment).unwrap();
    octets[4_200] ^= 1;
    fs::write(&segment, octets).unwrap();
    let before = place.files("data");
    let words = ["is damaged at offset 4096", "gyro store restore"];
    refused(&place.gyro(&["subscriber", "list", "--data", "data"]), 74, &words);
    refused(&place.gyro(&["store", "verify", "--data", "data"]), 74, &words);
    place.write("gyro.toml", "[store]\non_failure = \"exit\"\n");
    refused(&place.gyro(&Place::serve(&tariff(), &["--data", "data"])), 74, &words);
    assert_eq!(place.files("data"), before);
}

#[test]
fn a_command_that_finds_no_room_says_so_and_leaves_nothing_behind() {
    let place = Place::with_store();
    let before = (place.told(), place.files("data").into_keys().collect::<Vec<_>>());
    let tariff = tariff();
    let add = ["subscriber", "add", "77010000003", "--plan", "comfort", "--balance", "5", "--data", "data"];
    let anew = ["subscriber", "add", NUMBER, "--plan", "comfort", "--data", "new", "--tariffs", &tariff];
    let backup = ["store", "backup", "--data", "data", "store.backup"];
    for order in [&add[..], &anew, &backup] {
        let mut command = place.command("/bin/sh");
        // In blocks of 512 or 1,024 octets: less than a segment of the journal takes, more than a page.
        let output = ended(command.args(["-c", "ulimit -f 64; exec \"$0\" \"$@\"", BINARY]).args(order));
        refused(&output, 74, &["File too large", "raise the limit on the size of files"]);
    }
    assert_eq!(place.files("data").into_keys().collect::<Vec<_>>(), before.1);
    assert_eq!(place.told(), before.0);
    assert!(!place.path("store.backup").exists() && !place.path("store.part").exists());
    assert_eq!(place.files("new").keys().filter(|path| path.ends_with("rewrite.tmp")).count(), 0);
}

#[test]
fn a_server_whose_journal_cannot_be_written_says_so_once_and_has_changed_nothing() {
    let place = Place::with_store();
    let before = place.told();
    let server = place.server();
    limit_files(&server, 4_096);
    let topup = ["account", "topup", NUMBER, "5", "--admin", &server.admin];
    let output = place.gyro(&topup);
    refused(&output, 74, &["the store failed: nothing is changed until the server is started again"]);
    let again = place.gyro(&topup);
    refused(&again, 74, &["the store failed"]);
    let (code, said) = server.end();
    assert_eq!(code, Some(74), "{said}");
    let told: Vec<&str> = said.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(told.len(), 1, "{said}");
    for word in ["cannot write", "File too large", "only emergency calls are granted until a restart"] {
        assert!(told[0].contains(word), "{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(place.told().0, before.0);
    let verified = place.done(&["store", "verify", "--data", "data"]);
    assert!(verified.ends_with("the store is whole\n"), "{verified}");
}
