//! The routes of blocks and of the end of contracts.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::task::JoinSet;

use super::Admin;
use crate::admin::body::{Body, Order, Segment};
use crate::admin::error::ApiError;
use crate::admin::json::Fault;
use crate::admin::json::change::{Done, digits};
use crate::admin::json::life::{
    Acts, Area, AreaChange, Areas, BULK, BlockChange, BulkBlock, BulkDone, EndOrder, Failed, Noted, Payout,
    PortOut, reason,
};
use crate::charging::units::Digits;
use crate::engine::control::{Change, ControlError, LifeChange, Query, View};

type Told<T> = Result<Json<T>, ApiError>;

/// Orders of one bulk order that are under way at a time: others find room beside them.
const ABREAST: usize = 64;

/// How often an order is tried again where there was no room for it.
const TRIES: u32 = 200;

/// How long is waited before that.
const WAIT: core::time::Duration = core::time::Duration::from_millis(20);

/// The routes.
pub(super) fn routes() -> Router<Admin> {
    Router::new()
        .route("/v1/areas", get(areas).post(set_area))
        .route("/v1/blocks", post(bulk))
        .route("/v1/subscribers/{msisdn}/block", post(block))
        .route("/v1/subscribers/{msisdn}/unblock", post(unblock))
        .route("/v1/subscribers/{msisdn}/end", post(end))
        .route("/v1/subscribers/{msisdn}/keep", post(keep))
        .route("/v1/subscribers/{msisdn}/port-out", get(port_check).post(port_out))
        .route("/v1/subscribers/{msisdn}/settle", post(settle))
        .route("/v1/subscribers/{msisdn}/acts", get(acts))
}

async fn areas(State(admin): State<Admin>) -> Told<Areas> {
    let form = admin.form();
    match admin.control.query(Query::Areas).await? {
        View::Areas(areas) => {
            Ok(Json(Areas { areas: areas.iter().map(|area| Area::of(area, &form)).collect() }))
        }
        _ => Err(ControlError::Ended.into()),
    }
}

async fn set_area(State(admin): State<Admin>, order: Order, Body(body): Body<AreaChange>) -> Told<Done> {
    admin.order(order, body.read()?).await.map(Json)
}

async fn block(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<BlockChange>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?, false)?).await.map(Json)
}

async fn unblock(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<BlockChange>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?, true)?).await.map(Json)
}

async fn end(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<EndOrder>,
) -> Told<Done> {
    let change = body.read(digits("msisdn", &msisdn)?, &admin.form())?;
    admin.order(order, change).await.map(Json)
}

async fn keep(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<Noted>,
) -> Told<Done> {
    admin.order(order, body.keep_on(digits("msisdn", &msisdn)?)).await.map(Json)
}

async fn port_check(State(admin): State<Admin>, Segment(msisdn): Segment) -> Told<PortOut> {
    let msisdn = digits("msisdn", &msisdn)?;
    match admin.control.query(Query::PortOut(msisdn)).await? {
        View::PortOut(refusals) => Ok(Json(PortOut::of(msisdn, &refusals))),
        _ => Err(ControlError::Ended.into()),
    }
}

async fn port_out(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<Noted>,
) -> Told<Done> {
    admin.order(order, body.port_out(digits("msisdn", &msisdn)?)).await.map(Json)
}

async fn settle(
    State(admin): State<Admin>,
    Segment(msisdn): Segment,
    order: Order,
    Body(body): Body<Payout>,
) -> Told<Done> {
    admin.order(order, body.read(digits("msisdn", &msisdn)?)).await.map(Json)
}

async fn acts(State(admin): State<Admin>, Segment(msisdn): Segment) -> Told<Acts> {
    match admin.control.query(Query::Acts(digits("msisdn", &msisdn)?)).await? {
        View::Acts(acts) => Ok(Json(Acts::of(&acts, &admin.form()))),
        _ => Err(ControlError::Ended.into()),
    }
}

/// Blocks many numbers: an order for each, under a key of its own, a limited number of them at a time. They share
/// batches, and what else is asked goes on between them. The same order again changes nothing.
async fn bulk(State(admin): State<Admin>, order: Order, Body(body): Body<BulkBlock>) -> Told<BulkDone> {
    if body.msisdns.len() > BULK {
        return Err(Fault::new("msisdns", format!("there are {BULK} at most in one order")).into());
    }
    let reason = reason(&body.reason)?;
    let note: Option<Box<str>> = body.note.map(Into::into);
    let mut numbers = Vec::with_capacity(body.msisdns.len());
    for text in &body.msisdns {
        numbers.push(digits("msisdns", text)?);
    }
    numbers.sort_unstable();
    numbers.dedup();
    let (mut told, mut under_way, mut rest) = (BulkDone::default(), JoinSet::new(), numbers.into_iter());
    loop {
        while under_way.len() < ABREAST
            && let Some(msisdn) = rest.next()
        {
            let note = note.clone();
            let what = if body.lift {
                LifeChange::Unblock { reason, note }
            } else {
                LifeChange::Block { reason, note }
            };
            under_way.spawn(one(admin.clone(), order.of(msisdn), msisdn, what));
        }
        let Some(done) = under_way.join_next().await else { break };
        match done {
            Ok((_, Ok(true))) => told.changed = told.changed.saturating_add(1),
            Ok((_, Ok(false))) => told.unchanged = told.unchanged.saturating_add(1),
            Ok((msisdn, Err(error))) => {
                told.failed.push(Failed { msisdn: msisdn.to_string(), error: error.to_string() });
            }
            Err(_) => return Err(ControlError::Ended.into()),
        }
    }
    Ok(Json(told))
}

async fn one(
    admin: Admin,
    order: Order,
    msisdn: Digits,
    what: LifeChange,
) -> (Digits, Result<bool, ControlError>) {
    let command = order.to(Change::Life { msisdn, what });
    let mut tries = 0;
    loop {
        match admin.control.command(command.clone()).await {
            Err(ControlError::Busy) if tries < TRIES => {
                tries = tries.saturating_add(1);
                tokio::time::sleep(WAIT).await;
            }
            Ok(View::Done { done, .. }) => return (msisdn, Ok(done.changed)),
            Ok(_) => return (msisdn, Err(ControlError::Ended)),
            Err(error) => return (msisdn, Err(error)),
        }
    }
}
