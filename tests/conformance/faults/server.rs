//! The same rows against the server itself, over a socket: what lies between machine, reader and wire is in it too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::octets::{HOST, REALM, cer, dwr};
use super::{After, Row, Then, When, rows, run_all};

/// A server that does not answer at all fails the test after this long.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server of ours, ended when it goes out of scope.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let gyro = || Command::new(env!("CARGO_BIN_EXE_gyro"));
        let at = |name: &str| folder.join(name);
        let written = gyro().arg("init").arg(at("init")).stdout(Stdio::null()).status().unwrap();
        assert!(written.success());
        let mut process = gyro()
            .arg("serve")
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(["--origin-host", HOST, "--origin-realm", REALM])
            .arg("--tariffs")
            .arg(at("init").join("tariffs"))
            .arg("--data")
            .arg(at("data"))
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addresses = line.split_whitespace().find_map(|word| word.strip_prefix("diameter="));
        Self { address: addresses.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned(), process }
    }

    fn connect(&self) -> Peer {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Peer(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may be gone already
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Peer(TcpStream);

impl Peer {
    fn send(&mut self, octets: &[u8]) {
        self.0.write_all(octets).unwrap();
    }

    /// The next message, or nothing at the end of the stream.
    fn message(&mut self) -> Vec<u8> {
        let mut header = [0; 4];
        if self.0.read_exact(&mut header).is_err() {
            return Vec::new();
        }
        let length: usize = (u32::from_be_bytes(header) & 0x00ff_ffff).try_into().unwrap();
        let mut message = header.to_vec();
        message.resize(length, 0);
        self.0.read_exact(&mut message[4..]).unwrap();
        message
    }

    /// A question that is always answered: what comes before its answer came for what was asked before.
    fn is_there(&mut self) -> Result<(), String> {
        self.send(&dwr().octets());
        let answer = self.message();
        let is_dwa = answer.get(4..8) == Some(&[0, 0, 1, 24]);
        if is_dwa { Ok(()) } else { Err(format!("{answer:02x?} instead of a DWA")) }
    }
}

fn run(server: &Server, row: &Row) -> Result<(), String> {
    let mut peer = server.connect();
    if row.when == When::Open {
        peer.send(&cer().octets());
        let cea = peer.message();
        if cea.get(4..8) != Some(&[0, 0, 1, 1]) {
            return Err(format!("{cea:02x?} instead of a CEA"));
        }
    }
    peer.send(&row.octets);
    if !matches!(row.then, Then::Silence) {
        row.check(&peer.message())?;
    }
    match row.after {
        After::Open => peer.is_there(),
        After::Closing => Ok(()),
        After::Closed => {
            peer.0.shutdown(Shutdown::Write).map_err(|error| error.to_string())?;
            let more = peer.message();
            if more.is_empty() { Ok(()) } else { Err(format!("{more:02x?} instead of the end")) }
        }
    }
}

#[test]
fn the_server_answers_each_fault_over_a_socket_as_the_row_says() {
    let folder = tempfile::TempDir::new().unwrap();
    let server = Server::start(folder.path());
    // who is named is the roster's affair: this server takes all who come from its own machine
    let rows: Vec<Row> = rows().into_iter().filter(|row| row.when != When::FirstOfStranger).collect();
    run_all(&rows, |row| run(&server, row));
}
