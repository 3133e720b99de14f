//! The command line: one file per subcommand.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

mod account;
mod assemble;
mod block;
mod bulk;
mod check;
mod client;
mod completions;
mod contract;
pub mod decode;
mod demo;
pub mod dict;
mod ending;
mod init;
mod invoice;
mod ladder;
mod later;
mod logs;
mod man;
mod outbox;
mod output;
mod peer;
mod print;
mod probe;
mod serve;
mod session;
mod sim;
mod status;
pub mod store;
mod subscriber;
mod tariff;
mod version;
mod voucher;

pub use self::client::{Answer, Call, Over, run_over};
pub use self::output::{Output, Rows};
pub use self::status::Status;

/// What the exit codes mean, below the help and in the manual.
const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 failed; 2 wrong usage; 69 the server is not reachable; 73 the data directory cannot be made or \
is in use; 74 damaged or unreadable data, or a failed write; 78 bad configuration, tariff or dictionary";

/// An online charging server for Diameter Gy/Ro.
#[derive(Parser, Debug)]
#[command(name = "gyro", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

/// The subcommands.
#[derive(Subcommand, Debug)]
enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    Check(check::Args),
    Init(init::Args),
    Subscriber(subscriber::Args),
    Account(account::Args),
    Voucher(voucher::Args),
    Contract(contract::Args),
    Invoice(invoice::Args),
    Block(block::Args),
    Session(session::Args),
    Peer(peer::Args),
    Tariff(tariff::Args),
    Store(store::Args),
    Sim(sim::Args),
    Decode(decode::Args),
    Dict(dict::Args),
    Completions(completions::Args),
    Man(man::Args),
    Version(version::Args),
}

/// Runs the command line of this process and returns its exit code: 0 done, 1 failed, 2 usage, 69 server not
/// reachable, 73 data directory, 74 damaged data, 78 configuration.
pub fn main() -> ExitCode {
    crate::store::outlive_size_limits();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // help and version go to stdout and are no failure; a closed pipe is none either
            let _ = error.print();
            return if error.use_stderr() { Status::Usage.into() } else { Status::Done.into() };
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    // not locked: log lines of other threads go there as well
    let mut err = io::stderr();
    let done = run(&cli, &mut out, &mut err).and_then(|status| out.flush().map(|()| status));
    match done {
        Ok(status) => status.into(),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Status::Done.into(),
        Err(error) => {
            let _ = writeln!(err, "gyro: cannot write the output: {error}");
            Status::Failed.into()
        }
    }
}

/// Runs one subcommand; an `Err` means that its output could not be written.
fn run(cli: &Cli, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    match &cli.command {
        Command::Demo(args) => demo::run(args, out, err),
        Command::Serve(args) => serve::run(args, out, err),
        Command::Check(args) => check::run(args, out, err),
        Command::Init(args) => init::run(args, out, err),
        Command::Subscriber(args) => subscriber::run(args, out, err),
        Command::Account(args) => account::run(args, out, err),
        Command::Voucher(args) => voucher::run(args, out, err),
        Command::Contract(args) => contract::run(args, out, err),
        Command::Invoice(args) => invoice::run(args, out, err),
        Command::Block(args) => block::run(args, out, err),
        Command::Session(args) => session::run(args, out, err),
        Command::Peer(args) => peer::run(args, out, err),
        Command::Store(args) => store::run(args, out, err),
        Command::Sim(args) => sim::run(args, out, err),
        Command::Decode(args) => decode::run(args, out, err),
        Command::Dict(args) => dict::run(args, out, err),
        Command::Tariff(args) => tariff::run(args, out, err),
        Command::Completions(args) => completions::run(args, &mut Cli::command(), out),
        Command::Man(args) => man::run(args, Cli::command(), out, err),
        Command::Version(args) => version::run(args, out),
    }
}

#[cfg(test)]
mod tests;
