//! How a command ended.

use std::process::ExitCode;

/// The exit codes of `gyro`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// 0: done.
    Done,
    /// 1: failed.
    Failed,
    /// 2: wrong usage.
    Usage,
    /// 69: the server is not reachable.
    Unreachable,
    /// 73: a data directory cannot be made or is locked.
    DataDirectory,
    /// 74: damaged or unreadable data.
    Damaged,
    /// 78: a bad configuration, tariff or dictionary.
    Configuration,
}

impl Status {
    /// The number of the exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 69,
            Self::DataDirectory => 73,
            Self::Damaged => 74,
            Self::Configuration => 78,
        }
    }

    /// The outcome with this exit code; what is not one of ours is a failure.
    pub const fn of_code(code: u8) -> Self {
        match code {
            0 => Self::Done,
            2 => Self::Usage,
            69 => Self::Unreachable,
            73 => Self::DataDirectory,
            74 => Self::Damaged,
            78 => Self::Configuration,
            _ => Self::Failed,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.code())
    }
}
