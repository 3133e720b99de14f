//! The routes of invoices (`INV-1`).

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use super::{Admin, Paging};
use crate::admin::body::{Params, Segment};
use crate::admin::error::ApiError;
use crate::admin::json::Fault;
use crate::admin::json::invoice::{Invoice, Page};
use crate::charging::account::AccountId;
use crate::engine::control::{ControlError, Query, View};

type Told<T> = Result<Json<T>, ApiError>;

/// The routes.
pub(super) fn routes() -> Router<Admin> {
    Router::new().route("/v1/invoices", get(list)).route("/v1/invoices/{id}", get(show))
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Asked {
    account: Option<u64>,
    after: Option<String>,
    limit: Option<u16>,
}

/// Account and number: `7-3`.
fn name(text: &str) -> Option<(AccountId, u32)> {
    let (account, number) = text.split_once('-')?;
    Some((AccountId(account.parse().ok()?), number.parse().ok()?))
}

async fn list(State(admin): State<Admin>, Params(asked): Params<Asked>) -> Told<Page> {
    let Asked { account, after, limit } = asked;
    let page = Paging { after, limit };
    let (after, limit) = (page.after(name)?, page.limit()?);
    let form = admin.form();
    let account = account.map(AccountId);
    match admin.control.query(Query::Invoices { account, after, limit }).await? {
        View::Invoices { page, next } => Ok(Json(Page {
            invoices: page.iter().map(|view| Invoice::of(view, &form)).collect(),
            next: next.map(|(account, number)| format!("{}-{number}", account.0)),
        })),
        _ => Err(ControlError::Ended.into()),
    }
}

async fn show(State(admin): State<Admin>, Segment(id): Segment) -> Told<Invoice> {
    let wrong = || Fault::new("invoice", "it is an account and a number, like 7-3");
    let (account, number) = name(&id).ok_or_else(wrong)?;
    let before = number.checked_sub(1).ok_or_else(wrong)?;
    let query = Query::Invoices { account: Some(account), after: Some((account, before)), limit: 1 };
    match admin.control.query(query).await? {
        View::Invoices { page, .. } => {
            let found = page.iter().find(|view| view.invoice.number == number);
            let found = found.ok_or_else(|| Fault::new("invoice", format!("there is no invoice {id}")))?;
            Ok(Json(Invoice::of(found, &admin.form())))
        }
        _ => Err(ControlError::Ended.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_is_named_by_account_and_number() {
        assert_eq!(name("7-3"), Some((AccountId(7), 3)));
        for wrong in ["", "7", "7-", "-3", "7-3-1", "a-b", "7-99999999999"] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }
}
