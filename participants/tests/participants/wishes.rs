//! What the database finds by a state row is what the aggregate says of itself.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use cqrs_es::Aggregate;
use domain::EventSourced;
use domain::notification::{Notification, NotificationCommand, NotificationKind, Recipient};
use domain::payment::{Payment, PaymentCommand, ProviderSays};
use domain::saga::SagaFlow;
use domain::{CustomerId, EmailAddress, FailureReason};
use event_store::{Database, Doorbell, EventStore, Since};
use participants::errands::Errand;
use participants::notification::Telling;
use participants::payment::Asking;

use crate::fixture::World;
use crate::told::{intent, reason, terms};

/// Every state that any sequence of these commands leads to.
fn reachable<A: Aggregate + Clone + Eq + std::hash::Hash>(
    decide: impl Fn(&A, usize) -> Vec<A::Event>,
    commands: usize,
) -> Vec<A> {
    let mut found = vec![A::default()];
    let mut known: HashSet<A> = found.iter().cloned().collect();
    let mut at = 0;
    while at < found.len() {
        for command in 0..commands {
            let mut next = found[at].clone();
            let events = decide(&next, command);
            events.into_iter().for_each(|event| next.apply(event));
            if known.insert(next.clone()) {
                found.push(next);
            }
        }
        at += 1;
    }
    found
}

/// Which of the states, by number, the database finds to have a wish.
async fn found<E: Errand>(
    world: &World,
    database: Database,
    schema: &str,
    states: &[E::Aggregate],
) -> BTreeSet<usize> {
    let psql = world.psql().await;
    let table = E::Aggregate::STATE_TABLE;
    for (at, state) in states.iter().enumerate() {
        let sql = format!(
            "INSERT INTO {schema}.{table} (id, version, state) VALUES ($1, 1, $2::text::json)"
        );
        let state = serde_json::to_string(state).unwrap();
        psql.execute(&sql, &[&at.to_string(), &state])
            .await
            .unwrap();
    }
    let store: EventStore<E::Aggregate> = EventStore::new(database, "topic", Doorbell::default());
    let limit = states.len() as i64;
    let waiting = store.waiting(E::WISHES, Since::Updated, Duration::ZERO, limit);
    let waiting = waiting.await.unwrap();

    // And it has an index for them.
    let plan = format!(
        "EXPLAIN SELECT id FROM {schema}.{table} WHERE {}",
        E::WISHES
    );
    psql.batch_execute("SET enable_seqscan = off")
        .await
        .unwrap();
    let plan = psql.query(&plan, &[]).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    let plan = plan.concat();
    assert!(plan.contains("_wishes") || plan.contains("_due"), "{plan}");
    waiting.iter().map(|id| id.parse().unwrap()).collect()
}

fn wishing<A>(states: &[A], wishes: impl Fn(&A) -> bool) -> BTreeSet<usize> {
    let wishing = states.iter().enumerate().filter(|(_, state)| wishes(state));
    wishing.map(|(at, _)| at).collect()
}

#[tokio::test]
async fn of_every_payment_there_can_be() {
    let terms = terms();
    let (amount, currency) = (terms.amount, terms.currency.clone());
    let says = [
        ProviderSays::Pending,
        ProviderSays::Authorized,
        ProviderSays::Captured {
            amount,
            currency: currency.clone(),
        },
        ProviderSays::Failed { reason: reason() },
        ProviderSays::Failed {
            reason: FailureReason::of(r#""captured":"true", 'closed'"#),
        },
        ProviderSays::Cancelled,
        ProviderSays::Refunded { amount, currency },
    ];
    let mut commands = vec![PaymentCommand::Request {
        saga_flow: SagaFlow::StockFirst,
        payment: terms,
        stock: None,
    }];
    commands.push(PaymentCommand::Close {
        saga_flow: SagaFlow::StockFirst,
        reason: reason(),
    });
    commands.extend(says.map(|says| PaymentCommand::Provider {
        intent_id: intent(),
        says,
    }));
    let decide = |payment: &Payment, at: usize| {
        let decided = payment.decide(commands[at].clone());
        decided.ok().flatten().into_iter().collect()
    };
    let states = reachable(decide, commands.len());
    let wishing = wishing(&states, |payment: &Payment| payment.wish().is_some());
    println!("{} states, {} with a wish", states.len(), wishing.len());
    assert!(wishing.len() > 5 && states.len() > 2 * wishing.len());

    let world = World::new().await;
    let home = world.payment().await;
    let found = found::<Asking>(&world, home.database, "payment", &states).await;
    let different: Vec<_> = found
        .symmetric_difference(&wishing)
        .map(|at| &states[*at])
        .collect();
    assert!(different.is_empty(), "{different:#?}");
}

#[tokio::test]
async fn of_every_notification_there_can_be() {
    // An address and reasons that look like what is searched for.
    let recipient = Recipient {
        email: EmailAddress::new("ada@example.org").unwrap(),
        customer_id: CustomerId::new(r#""is":"due""#).unwrap(),
        total_amount: terms().amount,
        currency: terms().currency,
        items: Vec::new(),
    };
    let mut commands = vec![NotificationCommand::Note(recipient)];
    for kind in NotificationKind::ALL {
        let reason = Some(FailureReason::of(r#"{"is":"due"}"#));
        commands.push(NotificationCommand::Tell { kind, reason });
        commands.push(NotificationCommand::Sent {
            kind,
            message_id: r#"<"is":"due">"#.to_owned(),
        });
    }
    let decide = |notification: &Notification, at: usize| {
        let decided = notification.decide(commands[at].clone());
        decided.ok().flatten().into_iter().collect()
    };
    let states = reachable(decide, commands.len());
    let wishing = wishing(&states, |state: &Notification| !state.due().is_empty());
    println!("{} states, {} with a mail due", states.len(), wishing.len());
    assert!(wishing.len() > 5 && states.len() > wishing.len());

    let world = World::new().await;
    let home = world.notification().await;
    let found = found::<Telling>(&world, home.database, "notification", &states).await;
    let different: Vec<_> = found
        .symmetric_difference(&wishing)
        .map(|at| &states[*at])
        .collect();
    assert!(different.is_empty(), "{different:#?}");
}
