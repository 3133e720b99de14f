//! What goes wrong, as a status and as JSON: `{"error": text, "code": word}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::json::Fault;
use crate::engine::control::{CommandError, ControlError, LifeError};

/// An error as it is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Told {
    /// A sentence for people.
    pub error: String,
    /// A word for programs.
    pub code: String,
}

/// An error with its status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let told = Told { error: self.message, code: self.code.into() };
        (self.status, Json(told)).into_response()
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-value", fault.to_string())
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        let (status, code) = match &error {
            ControlError::Command(command) => of_command(command),
            ControlError::Refused(_) => (StatusCode::CONFLICT, "refused"),
            ControlError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            ControlError::Ended => (StatusCode::SERVICE_UNAVAILABLE, "ended"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// The status and the word of a refusal that the life of a number gives.
const fn of_life(error: &LifeError) -> (StatusCode, &'static str) {
    let word = match error {
        LifeError::NoArea(_) => return (StatusCode::UNPROCESSABLE_ENTITY, "no-area"),
        LifeError::TooManyAreas(_) => "too-many-areas",
        LifeError::Past => return (StatusCode::UNPROCESSABLE_ENTITY, "past"),
        LifeError::Ended(_) => "ended-contract",
        LifeError::NotEnded(_) => "not-ended",
        LifeError::NoEnd(_) => "no-end",
        LifeError::NotPorted { .. } => "not-ported",
        LifeError::NothingOwed(_) => "nothing-owed",
        LifeError::Refunded(..) => "refunded",
        LifeError::TooEarly(_) => "too-early",
        LifeError::Held => "held",
        LifeError::Uncounted => "uncounted",
        LifeError::Shared => "shared",
    };
    (StatusCode::CONFLICT, word)
}

/// The status and the word of a refusal.
fn of_command(error: &CommandError) -> (StatusCode, &'static str) {
    const WRONG: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
    const TAKEN: StatusCode = StatusCode::CONFLICT;
    const LATER: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
    match error {
        CommandError::UnknownPlan { .. } => (WRONG, "unknown-plan"),
        CommandError::TariffInUse { .. } => (WRONG, "tariff-in-use"),
        CommandError::TariffCurrency { .. } => (WRONG, "tariff-currency"),
        CommandError::TariffsWaiting(_) => (WRONG, "tariffs-waiting"),
        CommandError::TariffBusy => (WRONG, "tariff-busy"),
        CommandError::PlanClosed { .. } => (WRONG, "plan-closed"),
        CommandError::ModeNotSold { .. } => (WRONG, "mode-not-sold"),
        CommandError::UnknownSubscriber(_) => (StatusCode::NOT_FOUND, "unknown-subscriber"),
        CommandError::DuplicateSubscriber(_) => (TAKEN, "duplicate-subscriber"),
        CommandError::DuplicateImsi { .. } => (TAKEN, "duplicate-imsi"),
        CommandError::AccountMode { .. } => (TAKEN, "account-mode"),
        CommandError::AccountShared(_) => (TAKEN, "account-shared"),
        CommandError::AccountNumber(_) => (WRONG, "account-number"),
        CommandError::Refused(_) => (WRONG, "refused"),
        CommandError::Life(why) => of_life(why),
        CommandError::Owner(_) => (WRONG, "owner"),
        CommandError::Language(_) => (WRONG, "language"),
        CommandError::ReferenceUsed { .. } => (TAKEN, "reference-used"),
        CommandError::UnknownReference(_) => (StatusCode::NOT_FOUND, "unknown-reference"),
        CommandError::Ended(_) => (TAKEN, "ended"),
        CommandError::TooManyNumbers { .. } => (TAKEN, "too-many-numbers"),
        CommandError::NoContract(_) => (StatusCode::NOT_FOUND, "unknown-contract"),
        CommandError::OtherContract(_) => (TAKEN, "other-contract"),
        CommandError::OtherOwner(_) => (TAKEN, "other-owner"),
        CommandError::NotSettled(_) => (TAKEN, "not-settled"),
        CommandError::SessionsOpen { .. } => (TAKEN, "sessions-open"),
        CommandError::ImportRefused { .. } => (WRONG, "import-refused"),
        CommandError::Rows(_) => (WRONG, "rows"),
        CommandError::Voucher(_) => (TAKEN, "voucher"),
        CommandError::BatchThere(_) => (TAKEN, "batch-there"),
        CommandError::NoBatch(_) => (StatusCode::NOT_FOUND, "unknown-batch"),
        CommandError::CodeThere => (TAKEN, "code-there"),
        CommandError::TooManyCards { .. } => (WRONG, "too-many-cards"),
        CommandError::Serials { .. } => (WRONG, "serials"),
        CommandError::TooManyVoid(_) => (TAKEN, "too-many-void"),
        CommandError::ReferenceKept => (WRONG, "reference-kept"),
        CommandError::UnknownService { .. } => (WRONG, "unknown-service"),
        CommandError::UnknownSession(_) => (StatusCode::NOT_FOUND, "unknown-session"),
        CommandError::NobodyAsked => (TAKEN, "nobody-asked"),
        CommandError::SessionEnded(_) => (TAKEN, "session-ended"),
        CommandError::Emergency(_) => (TAKEN, "emergency"),
        CommandError::UnknownGroup { .. } => (WRONG, "unknown-group"),
        CommandError::KeyUsed => (TAKEN, "key-used"),
        CommandError::TooLong { .. } => (WRONG, "too-long"),
        CommandError::Starting => (LATER, "starting"),
        CommandError::Draining => (LATER, "draining"),
        CommandError::Overloaded => (LATER, "overloaded"),
        CommandError::StoreFailed => (LATER, "store-failed"),
        CommandError::StoreStalled => (LATER, "store-stalled"),
        CommandError::Unreadable => (StatusCode::INTERNAL_SERVER_ERROR, "unreadable"),
    }
}
