//! The `gyro` command: parses the arguments and hands over to the library.

fn main() -> std::process::ExitCode {
    gyro::cli::main()
}
