use std::time::Duration;

use cqrs_es::Aggregate;
use domain::inventory::{Pieces, Stock, StockCommand, StockError, StockLevel, stock_id};
use domain::{ItemId, StoreId};
use event_store::{Append, CommandContext, Database, Doorbell, EventStore, EventStoreError};
use runtime::Backoff;

/// How often a count is decided anew because orders were faster.
const ATTEMPTS: usize = 20;

/// What stores have, as people count it.
#[derive(Clone)]
pub struct Stocks {
    store: EventStore<Stock>,
}

#[derive(Debug, thiserror::Error)]
pub enum CountError {
    #[error(transparent)]
    Refused(#[from] StockError),
    #[error("the stored state of {0} cannot be read: {1}")]
    State(String, String),
    #[error(transparent)]
    Store(#[from] EventStoreError),
}

impl Stocks {
    /// `topic` is inventory's own.
    pub fn new(database: &Database, topic: &str, doorbell: &Doorbell) -> Self {
        Self {
            store: EventStore::new(database.clone(), topic, doorbell.clone()),
        }
    }

    /// `None` for an item that nobody has stocked.
    pub async fn level(
        &self,
        store: &StoreId,
        item: &ItemId,
    ) -> Result<Option<StockLevel>, CountError> {
        let (_, stock) = self.read(&stock_id(store, item)).await?;
        Ok(stock.level())
    }

    /// So many pieces are in the store, those included that are promised to orders. The stock is
    /// read from its state row: its stream has two events for every order.
    pub async fn count(
        &self,
        store: &StoreId,
        item: &ItemId,
        quantity: Pieces,
        context: &CommandContext,
    ) -> Result<StockLevel, CountError> {
        let id = stock_id(store, item);
        let mut again = Backoff::new(Duration::from_millis(2), Duration::from_millis(50));
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (version, mut stock) = self.read(&id).await?;
            let command = StockCommand::Count {
                store_id: store.clone(),
                item_id: item.clone(),
                quantity,
            };
            let Some(event) = stock.decide(command)? else {
                return Ok(stock.level().unwrap_or_default());
            };
            stock.apply(event.clone());
            let decision = Append {
                stream: &id,
                expected_version: version,
                events: &[event],
                state: &stock,
                context,
                idempotency: None,
            };
            match self.store.append(&decision).await {
                Ok(_) => return Ok(stock.level().unwrap_or_default()),
                Err(EventStoreError::Conflict { .. }) if attempt < ATTEMPTS => {
                    tokio::time::sleep(again.wait()).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn read(&self, id: &str) -> Result<(u64, Stock), CountError> {
        let mut rows = self.store.states(&[id.to_owned()]).await?;
        match rows.pop() {
            None => Ok((0, Stock::default())),
            Some(row) => match row.state {
                Ok(stock) => Ok((row.version, stock)),
                Err(reason) => Err(CountError::State(id.to_owned(), reason)),
            },
        }
    }
}
