//! The routes of tariffs: which versions there are, and publishing one (`RES-3`).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};

use super::Admin;
use crate::admin::body::{Large, Order};
use crate::admin::error::ApiError;
use crate::admin::json::Fault;
use crate::admin::json::tariff::{NewTariff, Published, Tariff, Tariffs};
use crate::engine::control::{Change, ControlError, Publication, Query, View};
use crate::tariff;
use crate::time::Zone;

type Told<T> = Result<Json<T>, ApiError>;

/// The routes.
pub(super) fn routes() -> Router<Admin> {
    Router::new().route("/v1/tariffs", get(list).post(publish))
}

async fn list(State(admin): State<Admin>) -> Told<Tariffs> {
    let form = admin.form();
    match admin.control.query(Query::Tariffs).await? {
        View::Tariffs { versions, in_force } => {
            let current =
                versions.iter().rposition(|known| known.version == in_force && known.from <= form.now());
            let lines = versions.iter().enumerate();
            let lines = lines.map(|(place, known)| Tariff::of(known, Some(place).cmp(&current), &form));
            Ok(Json(Tariffs { tariffs: lines.collect() }))
        }
        _ => Err(ControlError::Ended.into()),
    }
}

async fn publish(
    State(admin): State<Admin>,
    order: Order,
    Large(body): Large<NewTariff>,
) -> Result<(StatusCode, Json<Published>), ApiError> {
    let content: Arc<[u8]> = body.content.as_bytes().into();
    let refused = |why: String| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-tariff", why);
    let loaded = tariff::read_source(&content).map_err(|errors| refused(errors.to_string()))?;
    let zone = Zone::named(loaded.catalogue.timezone()).unwrap_or(Zone::UTC);
    let from = match &body.valid_from {
        Some(text) => {
            let wrong = || Fault::new("valid_from", "it is RFC 3339, or a date".to_owned());
            Some(zone.parse(text).ok_or_else(wrong)?)
        }
        None => loaded.valid_from,
    };
    let version = loaded.catalogue.version();
    let publication = Publication { catalogue: Arc::new(loaded.catalogue), content, from };
    let now = (admin.clock)();
    match admin.control.command(order.to(Change::Publish(publication))).await? {
        View::Done { done, repeated } => {
            let code = if done.changed { StatusCode::CREATED } else { StatusCode::OK };
            let at = from.filter(|&from| from > now);
            let published = Published {
                version: crate::admin::json::version(version),
                valid_from: at.map(|at| zone.rfc3339(at)),
                changed: done.changed,
                repeated,
            };
            Ok((code, Json(published)))
        }
        _ => Err(ControlError::Ended.into()),
    }
}
