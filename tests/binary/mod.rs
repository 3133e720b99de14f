//! A server as an operator starts it: the real binary, on free ports.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_gyro");

/// The tariff of the examples.
pub(crate) fn tariff() -> String {
    format!("{}/examples/tariffs/first.toml", env!("CARGO_MANIFEST_DIR"))
}

/// A server that runs; it is killed where a test does not end it.
pub(crate) struct Server {
    child: Child,
    /// Where gateways connect.
    pub(crate) diameter: String,
    /// Where operators ask.
    pub(crate) admin: String,
}

impl Server {
    /// Serves the store in `folder/data`, as soon as it is open.
    pub(crate) fn start(folder: &Path) -> Self {
        let tariff = tariff();
        let free =
            ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", "data", "--tariffs"];
        let mut command = Command::new(BINARY);
        command.current_dir(folder).env_clear().env("GYRO_STORE__LOW_SPACE", "1MiB").args(free).arg(tariff);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let word = |name: &str| {
            let found = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            found.unwrap_or_default().to_owned()
        };
        let server = Self { child, diameter: word("diameter="), admin: word("admin=") };
        assert!(line.starts_with("listening ") && !server.admin.is_empty(), "{line:?}");
        server
    }

    pub(crate) fn id(&self) -> libc::pid_t {
        self.child.id().try_into().unwrap()
    }

    /// Ends it with SIGTERM; gives its exit code and what it said on stderr.
    #[allow(unsafe_code, reason = "the standard library sends SIGKILL alone")]
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        // SAFETY: plain numbers are passed; the child was not waited for, so its number is still its own.
        assert_eq!(unsafe { libc::kill(self.id(), libc::SIGTERM) }, 0);
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
