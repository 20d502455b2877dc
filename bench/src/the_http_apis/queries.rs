use std::sync::Arc;

use anyhow::{Context, ensure};
use bson::{RawDocumentBuf, doc};
use http::{Method, StatusCode};
use hyper::body::Bytes;
use mongodb::Collection;
use read_models::OrderDocument;

use super::client::{Asking, ask};
use super::closed_loop::{self, Caller, Load};
use super::measured::Measured;
use super::{CONNECTIONS, mean_rate, orders};
use crate::backend::Backend;
use crate::the_relay::report::{Bar, Report};

const OF_BARE_READS: Bar = Bar::AtLeast(80.0);

/// Reads these orders in turn, and bare before and after.
pub async fn measure(
    backend: &Backend,
    created: Vec<String>,
    load: Load,
    report: &mut Report,
) -> anyhow::Result<()> {
    ensure!(!created.is_empty(), "no order was created");
    let created = Arc::new(created);
    let _alone = backend.queries_alone().await?;
    for connections in CONNECTIONS {
        let before = bare(backend, &created, connections, load).await?;
        let (gets, _) = ask(getting(backend, created.clone()), connections, load).await?;
        let after = bare(backend, &created, connections, load).await?;
        let bare = mean_rate(before.per_second(), after.per_second());
        report.add(&format!("bare reads, {connections} at a time"), bare, "/s");
        gets.show(&format!("GET by id, {connections} connections"), report);
        let share = 100.0 * gets.per_second() / bare;
        report.add_with("  of the bare reads", share, "%", Some(OF_BARE_READS));
    }
    Ok(())
}

fn getting(backend: &Backend, created: Arc<Vec<String>>) -> Asking {
    Asking {
        at: backend.queries,
        method: Method::GET,
        request: Box::new(move |number| {
            Some((created[number % created.len()].clone(), Bytes::new()))
        }),
        answer: StatusCode::OK,
    }
}

/// With a client set up as that of the queries, and nothing done with what is read.
async fn bare(
    backend: &Backend,
    created: &Arc<Vec<String>>,
    readers: usize,
    load: Load,
) -> anyhow::Result<Measured> {
    let live = backend.read.live(OrderDocument::PROJECTION).await?;
    let live = live.context("no generation")?;
    let documents = backend.read.database().collection(&live.collection);
    let reader = || Reader {
        documents: documents.clone(),
        created: created.clone(),
    };
    let readers = (0..readers).map(|_| reader()).collect();
    Ok(closed_loop::run(readers, load).await?.0)
}

struct Reader {
    documents: Collection<RawDocumentBuf>,
    created: Arc<Vec<String>>,
}

impl Caller for Reader {
    async fn call(&mut self, number: usize) -> anyhow::Result<bool> {
        let id = orders::id(&self.created[number % self.created.len()]);
        let found = self.documents.find_one(doc! { "_id": id }).await?;
        ensure!(found.is_some(), "the order {id} is not there");
        Ok(true)
    }
}
