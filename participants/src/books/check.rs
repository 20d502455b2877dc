use domain::EventSourced;
use domain::inventory::{Reservation, Stock, stock_id};
use domain::notification::Notification;
use domain::order::Order;
use domain::payment::Payment;
use event_store::{EventStore, EventStoreError, StoredEvent};

use super::{Books, Ledger, Report};

const PAGE: u32 = 1000;

/// Reads everybody's books while they may be at work. The orders come last: whatever anybody has
/// of an order, the order was in its store before.
pub struct BooksCheck {
    pub orders: EventStore<Order>,
    pub stock: EventStore<Stock>,
    pub reservations: EventStore<Reservation>,
    pub payments: EventStore<Payment>,
    pub notifications: EventStore<Notification>,
}

impl BooksCheck {
    /// `settled`: nobody is at work, and nothing may be on its way. `ledger`: the provider's.
    pub async fn run(
        &self,
        settled: bool,
        ledger: Option<&Ledger>,
    ) -> Result<Report, EventStoreError> {
        let mut books = Books::default();
        read(&self.stock, &mut books, |books, it| books.stock(&it.event)).await?;
        self.rows(&mut books).await?;
        read(&self.reservations, &mut books, |books, it| {
            books.reservation(&it.envelope.aggregate_id, &it.event);
        })
        .await?;
        read(&self.payments, &mut books, |books, it| {
            books.payment(&it.envelope.aggregate_id, &it.event);
        })
        .await?;
        read(&self.notifications, &mut books, |books, it| {
            books.notification(&it.envelope.aggregate_id, &it.event);
        })
        .await?;
        if let Some(ledger) = ledger {
            books.ledger(ledger);
        }
        read(&self.orders, &mut books, |books, it| {
            books.order(&it.envelope.aggregate_id, &it.event);
        })
        .await?;
        Ok(books.close(settled))
    }

    /// The stocks' current levels, as the store has them beside their events.
    async fn rows(&self, books: &mut Books) -> Result<(), EventStoreError> {
        let mut items: Vec<_> = books.items.iter_mut().collect();
        for page in items.chunks_mut(PAGE as usize) {
            let ids: Vec<String> = page
                .iter()
                .map(|((store, item), _)| stock_id(store, item))
                .collect();
            let mut rows = self.stock.states(&ids).await?;
            for (id, (_, item)) in ids.iter().zip(page) {
                if let Some(at) = rows.iter().position(|row| row.id == *id) {
                    let row = rows.swap_remove(at);
                    item.row = Some((row.version, row.state));
                }
            }
        }
        Ok(())
    }
}

/// Every event of one kind of stream.
async fn read<A: EventSourced>(
    store: &EventStore<A>,
    books: &mut Books,
    take: impl Fn(&mut Books, &StoredEvent<A::Event>),
) -> Result<(), EventStoreError> {
    let mut last: Option<(String, u64)> = None;
    loop {
        let after = last.as_ref().map(|(id, version)| (id.as_str(), *version));
        let page = store.page(after, PAGE).await?;
        for entry in &page {
            match entry {
                Ok(stored) => take(books, stored),
                Err(unreadable) => books.unreadable(&unreadable.aggregate_id, unreadable),
            }
        }
        last = match page.last() {
            None => return Ok(()),
            Some(Ok(stored)) => {
                let envelope = &stored.envelope;
                Some((envelope.aggregate_id.clone(), envelope.version))
            }
            Some(Err(it)) => Some((it.aggregate_id.clone(), it.version)),
        };
    }
}
