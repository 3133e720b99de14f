//! The routes: what is asked of the engine, and how it is told.

mod life;
mod tariffs;

use core::fmt;
use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::timeout;

use super::body::{Body, Large, Order, Params, Segment, own_host};
use super::error::ApiError;
use super::json::change::{self, Accepted, Done, digits};
use super::json::{Fault, Form, ledger, peer, session, status, subscriber, voucher};
use crate::charging::catalogue::Catalogue;
use crate::charging::request::SessionId;
use crate::charging::voucher::BatchId;
use crate::engine::control::{
    Ask, Change, Control, ControlError, NetworkAsk, PAGE, Query, Reply, Scope, View, What,
};
use crate::telemetry::Metrics;
use crate::time::Timestamp;

/// How long the loop may take to say whether it is ready.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Ledger lines that an explanation looks at where nothing is said.
const EXPLAINED: u16 = 200;

/// Lines of a page where nothing is said.
const LINES: u16 = 100;

/// What the routes rest on; cheap to clone.
#[derive(Clone)]
pub struct Admin {
    /// The engine.
    pub control: Control,
    /// The tariffs in force: they name currency and zone.
    pub catalogue: watch::Receiver<Arc<Catalogue>>,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// Reads the clock.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

type Told<T> = Result<Json<T>, ApiError>;

impl Admin {
    fn form(&self) -> Form {
        Form::of(&self.catalogue.borrow(), (self.clock)())
    }

    async fn order(&self, order: Order, what: Change) -> Result<Done, ApiError> {
        match self.control.command(order.to(what)).await? {
            View::Done { done, repeated } => Ok(Done::of(&done, repeated)),
            _ => Err(ControlError::Ended.into()),
        }
    }

    async fn demand(&self, session: &str, what: What) -> Told<Accepted> {
        match self.control.query(Query::Demand(session_id(session)?, what)).await? {
            View::Demanded => Ok(Json(Accepted { done: true })),
            _ => Err(ControlError::Ended.into()),
        }
    }

    async fn network(&self, ask: NetworkAsk) -> Told<Accepted> {
        self.control.ask(Ask::Network(ask)).await?;
        Ok(Json(Accepted { done: true }))
    }
}

/// The routes.
pub fn router(admin: Admin) -> Router {
    let routes = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/v1/status", get(engine_status))
        .route("/v1/subscribers", get(list_subscribers).post(add_subscriber))
        .route("/v1/import", post(import))
        .route("/v1/subscribers/{msisdn}", get(show_subscriber).patch(set_subscriber))
        .route("/v1/subscribers/{msisdn}/topup", post(topup))
        .route("/v1/subscribers/{msisdn}/adjust", post(adjust))
        .route("/v1/subscribers/{msisdn}/refund", post(refund))
        .route("/v1/subscribers/{msisdn}/charge", post(charge))
        .route("/v1/subscribers/{msisdn}/reverse", post(reverse))
        .route("/v1/subscribers/{msisdn}/promise", post(promise))
        .route("/v1/subscribers/{msisdn}/bonus", post(bonus))
        .route("/v1/subscribers/{msisdn}/voucher", post(activate_voucher))
        .route("/v1/contracts/{id}", get(show_contract))
        .route("/v1/vouchers", post(add_vouchers))
        .route("/v1/vouchers/{batch}", get(show_batch))
        .route("/v1/vouchers/{batch}/void", post(void_vouchers))
        .route("/v1/subscribers/{msisdn}/ledger", get(show_ledger))
        .route("/v1/subscribers/{msisdn}/explain", get(explain))
        .route("/v1/sessions", get(list_sessions))
        .route("/v1/sessions/{id}", get(show_session))
        .route("/v1/sessions/{id}/reauth", post(reauthorise))
        .route("/v1/sessions/{id}/abort", post(abort))
        .route("/v1/peers", get(list_peers))
        .route("/v1/peers/{host}/disconnect", post(disconnect))
        .route("/v1/store", get(store_status))
        .route("/v1/store/backup", post(backup))
        .route("/v1/clock/confirm", post(confirm_clock))
        .route("/v1/reload", post(reload));
    routes
        .merge(life::routes())
        .merge(tariffs::routes())
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(own_host))
        .with_state(admin)
}

async fn nothing_here() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "no-route", "there is nothing at this path")
}

async fn wrong_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method", "this path does not take that method")
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(admin): State<Admin>) -> Response {
    let asked = timeout(READY_WITHIN, admin.control.query(Query::Status)).await;
    let readiness = match asked {
        Ok(Ok(View::Status(status))) => status::Readiness::of(&status),
        _ => status::Readiness::silent(),
    };
    let code = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(readiness)).into_response()
}

async fn metrics(State(admin): State<Admin>) -> Response {
    // a server that is too busy or has ended still shows what was last known
    let _ = admin.control.ask(Ask::Figures).await;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], admin.metrics.encode()).into_response()
}

async fn engine_status(State(admin): State<Admin>) -> Told<status::Engine> {
    match admin.control.query(Query::Status).await? {
        View::Status(status) => Ok(Json(status::Engine::of(&status))),
        _ => Err(ControlError::Ended.into()),
    }
}

/// Which page of a list.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Paging {
    after: Option<String>,
    limit: Option<u16>,
}

impl Paging {
    fn limit(&self) -> Result<u16, ApiError> {
        let limit = self.limit.unwrap_or(LINES);
        if (1..=PAGE).contains(&limit) {
            Ok(limit)
        } else {
            Err(Fault::new("limit", format!("a page has 1 to {PAGE} lines")).into())
        }
    }

    fn after<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, ApiError> {
        let wrong = || Fault::new("after", "it is what `next` of the page before said").into();
        self.after.as_deref().map(|text| read(text).ok_or_else(wrong)).transpose()
    }
}

async fn list_subscribers(
    State(admin): State<Admin>,
    Params(page): Params<Paging>,
) -> Told<subscriber::Page> {
    let after = page.after(crate::charging::units::Digits::parse)?;
    let query = Query::ListSubscribers { after, limit: page.limit()? };
    let form = admin.form();
    match admin.control.query(query).await? {
        View::Subscribers { page, next } => Ok(Json(subscriber::Page {
            subscribers: page.iter().map(|view| subscriber::Subscriber::of(view, &form)).collect(),
            next: next.map(|msisdn| msisdn.to_string()),
        })),
        _ => Err(ControlError::Ended.into()),
    }
}

async fn add_subscriber(
    State(admin): State<Admin>,
    order: Order,
    Body(body): Body<change::NewSubscriber>,
) -> Result<(StatusCode, Json<Done>), ApiError> {
    let done = admin.order(order, body.read()?).await?;
    Ok((StatusCode::CREATED, Json(done)))
}

async fn import(
    State(admin): State<Admin>,
    order: Order,
    Large(body): Large<change::Import>,
) -> Told<change::Imported> {
    match admin.control.command(order.to(body.read()?)).await? {
        View::Imported(done) => {
            let row = |one: crate::engine::control::RowRefused| change::RowRefused {
                row: one.row.saturating_add(1),
                why: one.why.to_string(),
            };
            let rows = done.refused.into_iter().map(row).collect();
            let (added, refused) = (done.added, done.refused_in_all);
            Ok(Json(change::Imported { added, refused, rows, repeated: false }))
        }
        View::Done { .. } => Ok(Json(change::Imported { repeated: true, ..change::Imported::default() })),
        _ => Err(ControlError::Ended.into()),
    }
}

async fn show_subscriber(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
) -> Told<subscriber::Subscriber> {
    let query = Query::ShowSubscriber(digits("msisdn", &msisdn)?);
    match admin.control.query(query).await? {
        View::Subscriber(view) => Ok(Json(subscriber::Subscriber::of(&view, &admin.form()))),
        _ => Err(ControlError::Ended.into()),
    }
}

async fn set_subscriber(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<change::SubscriberChange>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?)?).await.map(Json)
}

async fn topup(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<change::Topup>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?)?).await.map(Json)
}

async fn adjust(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<change::Adjustment>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?)?).await.map(Json)
}

async fn refund(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<change::Refund>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?)?).await.map(Json)
}

async fn charge(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<change::Bill>,
) -> Told<Done> {
    let change = body.read(digits("msisdn", &msisdn)?, &admin.form())?;
    admin.order(order, change).await.map(Json)
}

async fn reverse(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<change::Reversal>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?)).await.map(Json)
}

async fn promise(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<change::Promise>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?)).await.map(Json)
}

async fn bonus(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<change::Bonus>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?)?).await.map(Json)
}

async fn show_contract(State(admin): State<Admin>, Segment(id): Segment) -> Told<subscriber::Contract> {
    let id = change::contract(&id)?;
    match admin.control.query(Query::ShowContract(id)).await? {
        View::Contract(view) => Ok(Json(subscriber::Contract::of(id, &view, &admin.form()))),
        _ => Err(ControlError::Ended.into()),
    }
}

async fn activate_voucher(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<change::Activation>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?)?).await.map(Json)
}

async fn add_vouchers(
    State(admin): State<Admin>,
    order: Order,
    Body(body): Body<change::NewVouchers>,
) -> Result<(StatusCode, Json<Done>), ApiError> {
    let done = admin.order(order, body.read()?).await?;
    Ok((StatusCode::CREATED, Json(done)))
}

fn batch_id(text: &str) -> Result<BatchId, ApiError> {
    text.parse().map(BatchId).map_err(|_| Fault::new("batch", "it is a number").into())
}

async fn show_batch(State(admin): State<Admin>, Segment(batch): Segment) -> Told<voucher::Batch> {
    let id = batch_id(&batch)?;
    match admin.control.query(Query::ShowBatch(id)).await? {
        View::Batch(batch) => Ok(Json(voucher::Batch::of(id, &batch, &admin.form()))),
        _ => Err(ControlError::Ended.into()),
    }
}

async fn void_vouchers(
    State(admin): State<Admin>,
    Segment(batch): Segment,
    order: Order,
    Body(body): Body<change::Voiding>,
) -> Told<Done> {
    admin.order(order, body.read(batch_id(&batch)?)?).await.map(Json)
}

async fn show_ledger(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    Params(page): Params<Paging>,
) -> Told<ledger::Page> {
    let (after, limit) = (page.after(ledger::read_cursor)?, page.limit()?);
    let query = Query::Ledger { msisdn: digits("msisdn", &msisdn)?, after, limit };
    match admin.control.query(query).await? {
        View::Ledger(page) => Ok(Json(ledger::Page::of(&page, &admin.form()))),
        _ => Err(ControlError::Ended.into()),
    }
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Explained {
    session: Option<String>,
    limit: Option<u16>,
}

fn session_id(text: &str) -> Result<SessionId, ApiError> {
    let most = SessionId::MAX_OCTETS;
    let wrong = || Fault::new("session", format!("a Session-Id has 1 to {most} octets")).into();
    SessionId::new(text).ok_or_else(wrong)
}

async fn explain(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    Params(asked): Params<Explained>,
) -> Told<ledger::Explanation> {
    let limit = Paging { after: None, limit: Some(asked.limit.unwrap_or(EXPLAINED)) }.limit()?;
    let session = asked.session.as_deref().map(session_id).transpose()?;
    let query = Query::Explain { msisdn: digits("msisdn", &msisdn)?, session, limit };
    match admin.control.query(query).await? {
        View::Explanation(found) => Ok(Json(ledger::Explanation::of(&found, &admin.form()))),
        _ => Err(ControlError::Ended.into()),
    }
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Sessions {
    msisdn: Option<String>,
    after: Option<String>,
    limit: Option<u16>,
}

async fn list_sessions(State(admin): State<Admin>, Params(asked): Params<Sessions>) -> Told<session::Page> {
    let page = Paging { after: asked.after, limit: asked.limit };
    let msisdn = asked.msisdn.as_deref().map(|msisdn| digits("msisdn", msisdn)).transpose()?;
    let query =
        Query::ListSessions { msisdn, after: page.after(session::read_cursor)?, limit: page.limit()? };
    let form = admin.form();
    match admin.control.query(query).await? {
        View::Sessions { page, next, complete } => Ok(Json(session::Page {
            sessions: page.iter().map(|found| session::Session::of(found, &form)).collect(),
            next: next.map(session::cursor),
            complete,
        })),
        _ => Err(ControlError::Ended.into()),
    }
}

async fn show_session(State(admin): State<Admin>, Segment(id): Segment) -> Told<session::Session> {
    match admin.control.query(Query::ShowSession(session_id(&id)?)).await? {
        View::Session(found) => Ok(Json(session::Session::shown(&found, &admin.form()))),
        _ => Err(ControlError::Ended.into()),
    }
}

async fn reauthorise(
    State(admin): State<Admin>,
    Segment(id): Segment,
    _: Order,
    Body(body): Body<change::Reauthorisation>,
) -> Told<Accepted> {
    let scope = body.rating_group.map_or(Scope::Session, Scope::RatingGroup);
    admin.demand(&id, What::Reauthorise(scope)).await
}

async fn abort(State(admin): State<Admin>, Segment(id): Segment, _: Order) -> Told<Accepted> {
    admin.demand(&id, What::Abort).await
}

async fn list_peers(State(admin): State<Admin>) -> Told<peer::Page> {
    let form = admin.form();
    match admin.control.ask(Ask::Network(NetworkAsk::Peers)).await? {
        Reply::Peers(peers) => {
            Ok(Json(peer::Page { peers: peers.iter().map(|found| peer::Peer::of(found, &form)).collect() }))
        }
        _ => Err(ControlError::Ended.into()),
    }
}

async fn disconnect(State(admin): State<Admin>, Segment(host): Segment, _: Order) -> Told<Accepted> {
    admin.network(NetworkAsk::Disconnect(host.into())).await
}

async fn store_status(State(admin): State<Admin>) -> Told<status::Store> {
    let reply = admin.control.ask(Ask::StoreStatus).await?;
    status::Store::of(&reply).map(Json).ok_or_else(|| ControlError::Ended.into())
}

async fn backup(State(admin): State<Admin>, _: Order, Body(body): Body<change::Backup>) -> Told<Accepted> {
    let file = PathBuf::from(body.file);
    if !file.is_absolute() {
        return Err(Fault::new("file", "it is a path from the root of the server's machine").into());
    }
    admin.control.ask(Ask::Backup(file)).await?;
    Ok(Json(Accepted { done: true }))
}

async fn confirm_clock(State(admin): State<Admin>, _: Order) -> Told<Accepted> {
    admin.control.ask(Ask::ConfirmClock).await?;
    Ok(Json(Accepted { done: true }))
}

async fn reload(State(admin): State<Admin>, _: Order) -> Told<Accepted> {
    admin.network(NetworkAsk::Reload).await
}
