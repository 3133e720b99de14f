//! What is taken out of a request; whatever is wrong with it is told as JSON.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use core::net::IpAddr;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::charging::units::Digits;
use crate::engine::control::{Change, Command, OperationKey};

/// The longest body that is taken, in octets.
pub(super) const BODY_MOST: usize = 64 * 1024;

/// The header with the key of a change: 16 octets in hex, with or without hyphens.
pub(super) const KEY: &str = "idempotency-key";

/// The header with the name of the operator.
pub(super) const OPERATOR: &str = "gyro-operator";

/// The operator where none is named.
const NOBODY: &str = "admin";

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read_json(request, BODY_MOST).await.map(Self)
    }
}

/// The longest body of an import or a tariff, in octets.
pub(super) const LARGE_MOST: usize = 32 * 1024 * 1024;

/// A JSON body that may be long.
pub(super) struct Large<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Large<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read_json(request, LARGE_MOST).await.map(Self)
    }
}

async fn read_json<T: DeserializeOwned>(request: Request, most: usize) -> Result<T, ApiError> {
    let octets = to_bytes(request.into_body(), most).await.map_err(|_| {
        let message = format!("the body is longer than {most} octets, or did not arrive");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-long", message)
    })?;
    serde_json::from_slice(&octets).map_err(|error| {
        ApiError::new(StatusCode::BAD_REQUEST, "bad-json", format!("the body cannot be read: {error}"))
    })
}

/// One part of the path.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = Path::<String>::from_request_parts(parts, state).await;
        found.map(|Path(text)| Self(text)).map_err(|error| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad-path",
                format!("the path cannot be read: {}", error.body_text()),
            )
        })
    }
}

/// What stands behind the question mark.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = Query::<T>::from_request_parts(parts, state).await;
        found
            .map(|Query(params)| Self(params))
            .map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "bad-query", error.body_text()))
    }
}

/// Who orders a change, and under which key.
pub(super) struct Order {
    key: OperationKey,
    operator: Box<str>,
}

impl Order {
    /// The command that orders `what`.
    pub(super) fn to(self, what: Change) -> Command {
        Command { key: self.key, operator: self.operator, what }
    }

    /// The order for one of many numbers, under a key of its own that a repeat has again.
    pub(super) fn of(&self, msisdn: Digits) -> Self {
        let whole = u128::from_be_bytes(self.key.0) ^ u128::from(msisdn.packed());
        Self { key: OperationKey(whole.to_be_bytes()), operator: self.operator.clone() }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Order {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let text = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or(""));
        let key = text(KEY).and_then(read_key).ok_or_else(|| {
            let message = "a change needs the header Idempotency-Key: 16 octets in hex, drawn at random and \
                           given again when the same change is tried again";
            ApiError::new(StatusCode::BAD_REQUEST, "no-key", message)
        })?;
        let operator = text(OPERATOR).filter(|name| !name.is_empty()).unwrap_or(NOBODY);
        Ok(Self { key, operator: operator.into() })
    }
}

fn read_key(text: &str) -> Option<OperationKey> {
    let hyphens = text.bytes().filter(|octet| *octet == b'-').count();
    let digits: String = text.chars().filter(|letter| *letter != '-').collect();
    let fits =
        digits.len() == 32 && [0, 4].contains(&hyphens) && digits.bytes().all(|d| d.is_ascii_hexdigit());
    let whole = u128::from_str_radix(&digits, 16).ok().filter(|_| fits)?;
    Some(OperationKey(whole.to_be_bytes()))
}

/// Refuses requests for a name that is not this machine's own: a page in an operator's browser may have one that leads
/// here, and must not read what the server tells.
pub(super) async fn own_host(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).map(|host| host.to_str().unwrap_or("?").to_owned());
    if host.is_none_or(|host| is_own(&host)) {
        return next.run(request).await;
    }
    let message = "address the server by its number or as localhost";
    ApiError::new(StatusCode::FORBIDDEN, "foreign-host", message).into_response()
}

fn is_own(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => name,
        _ => host,
    };
    let number = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || number.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sixteen_octets_in_hex() {
        let key = OperationKey([0x11; 16]);
        assert_eq!(read_key(&"11".repeat(16)), Some(key));
        assert_eq!(read_key("11111111-1111-1111-1111-111111111111"), Some(key));
        for wrong in
            ["", "11", &"1".repeat(33), &"+".repeat(32), &"g".repeat(32), "+1111111111111111111111111111111"]
        {
            assert_eq!(read_key(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_numbers_and_localhost_are_own() {
        for own in ["127.0.0.1:8068", "127.0.0.1", "[::1]:8068", "localhost", "LOCALHOST:1"] {
            assert!(is_own(own), "{own}");
        }
        for foreign in ["evil.example", "evil.example:8068", "localhost.evil.example", "?", ""] {
            assert!(!is_own(foreign), "{foreign}");
        }
    }
}
