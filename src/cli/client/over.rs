//! A way to a server that is no socket: who runs a command line inside a process of their own answers what it asks.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

/// What a command asks of the admin routes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The method.
    pub method: axum::http::Method,
    /// The path with its query.
    pub path: String,
    /// Of a change: its key in hex.
    pub key: Option<String>,
    /// Who asks.
    pub operator: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What they answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Answers in place of a server.
pub trait Over {
    /// Answers a call.
    fn call(&self, call: &Call) -> Answer;
    /// The key of the next change: the same once more for a command that is given again.
    fn key(&self) -> [u8; 16];
}

thread_local! {
    /// Who answers the commands that run on this thread.
    static OVER: RefCell<Option<Rc<dyn Over>>> = const { RefCell::new(None) };
}

/// Puts back what was there before, however the command ends.
struct Before(Option<Rc<dyn Over>>);

impl Drop for Before {
    fn drop(&mut self) {
        OVER.set(self.0.take());
    }
}

/// Does something while `over` answers in place of every server and store.
pub(in crate::cli) fn within<T>(over: Rc<dyn Over>, act: impl FnOnce() -> T) -> T {
    let _before = Before(OVER.replace(Some(over)));
    act()
}

/// Who answers in place of a server.
pub(super) fn current() -> Option<Rc<dyn Over>> {
    OVER.with_borrow(Clone::clone)
}

/// Runs a command line within this process: `over` answers what it would ask of a server or a store. A word that is
/// wrong is told on `err` with the status of wrong usage.
pub fn run_over(
    words: &[&str],
    over: Rc<dyn Over>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<crate::cli::Status> {
    use clap::Parser as _;
    match crate::cli::Cli::try_parse_from(words) {
        Ok(cli) => within(over, || crate::cli::run(&cli, out, err)),
        Err(error) => {
            write!(err, "{error}")?;
            Ok(crate::cli::Status::Usage)
        }
    }
}
