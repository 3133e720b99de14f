//! What a gateway has to say, before it is put into the words of its make.

use crate::ro::ccr::RequestType;
use crate::time::Timestamp;

/// Reporting-Reason (TS 32.299 §7.2.175) as gateways send it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Why {
    /// 0: so much is left as the threshold says.
    Threshold,
    /// 1: nothing was used for the holding time.
    Holding,
    /// 2: the service or the session ends.
    Final,
    /// 3: the quota is used up.
    Exhausted,
    /// 4: the quota's validity is over.
    Validity,
    /// 5: another unit than the one that ran out.
    OtherUnit,
    /// 7: the server asked for it.
    Forced,
}

impl Why {
    /// The number on the wire.
    pub const fn value(self) -> u32 {
        match self {
            Self::Threshold => 0,
            Self::Holding => 1,
            Self::Final => 2,
            Self::Exhausted => 3,
            Self::Validity => 4,
            Self::OtherUnit => 5,
            Self::Forced => 7,
        }
    }
}

/// What was used since the last report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Use {
    /// Octets from the user.
    pub input: u64,
    /// Octets to the user.
    pub output: u64,
    /// Seconds.
    pub seconds: u32,
}

impl Use {
    /// So many octets, one of four to the user.
    pub const fn octets(total: u64) -> Self {
        Self { input: total - total / 4, output: total / 4, seconds: 0 }
    }

    /// So many seconds.
    pub const fn seconds(seconds: u32) -> Self {
        Self { input: 0, output: 0, seconds }
    }

    /// Octets both ways.
    pub const fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            seconds: self.seconds.saturating_add(other.seconds),
        }
    }
}

/// How many units are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Units {
    /// As many as the server thinks right: the request is empty.
    AsManyAsItGets,
    /// So many.
    Count(u64),
}

impl Units {
    /// The count, where there is one.
    pub const fn count(self) -> Option<u64> {
        match self {
            Self::AsManyAsItGets => None,
            Self::Count(count) => Some(count),
        }
    }
}

/// One quota of a request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Want {
    /// Rating-Group.
    pub group: Option<u32>,
    /// Service-Identifiers.
    pub services: Vec<u32>,
    /// Quota is asked for.
    pub asks: Option<Units>,
    /// What is reported, in as many parts as the make reports it in.
    pub used: Vec<Use>,
    /// Why it is reported.
    pub why: Option<Why>,
}

/// A request before it is put into words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// CC-Request-Type.
    pub kind: RequestType,
    /// CC-Request-Number.
    pub number: u32,
    /// Session-Id.
    pub session: Box<str>,
    /// The gateway's clock.
    pub at: Timestamp,
    /// The quotas it is about.
    pub wants: Vec<Want>,
    /// Whom a call or a message goes to.
    pub callee: Option<Box<str>>,
    /// The server's Origin-Host, once it has answered.
    pub learned: Option<Box<str>>,
}

/// Who a gateway is, and whom it speaks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    /// Origin-Host.
    pub host: Box<str>,
    /// Origin-Realm.
    pub realm: Box<str>,
    /// Destination-Realm; makes that put their own realm there do not look at it.
    pub server_realm: Box<str>,
    /// The server's Origin-Host, as it is configured.
    pub server_host: Box<str>,
    /// Origin-State-Id of makes that send one.
    pub state_id: u32,
    /// The subscriber's number.
    pub msisdn: Box<str>,
    /// The subscriber's IMSI.
    pub imsi: Box<str>,
}
