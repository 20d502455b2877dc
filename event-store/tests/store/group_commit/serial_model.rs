//! Random histories against a model that takes one command after the other.

use std::collections::{BTreeMap, BTreeSet};

use domain::order::Order;
use event_store::{EventStore, EventStoreError};
use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Sent, assert_whole, stored};
use crate::fixture::{Fixture, database, new_id, order_store};

/// A command before it is sent, in terms of a history's own few streams and keys.
#[derive(Clone, Debug)]
struct Plan {
    store: usize,
    stream: usize,
    /// Beyond the stream's version when its round begins; others of the round may make it right, or
    /// wrong.
    ahead: i64,
    events: usize,
    key: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Accepted,
    Conflict,
    KeyTaken,
}

#[derive(Clone, Debug, Default)]
struct Model {
    versions: BTreeMap<usize, u64>,
    keys: BTreeSet<usize>,
}

/// As it was sent, and as it was answered.
struct Answered<'a> {
    plan: &'a Plan,
    expected: u64,
    outcome: Outcome,
}

impl Model {
    /// Whether the command, taken now, can be answered like this. Of two reasons to refuse it,
    /// either may be given.
    fn take(&mut self, answered: &Answered<'_>) -> bool {
        let Answered { plan, expected, .. } = answered;
        let version = self.versions.entry(plan.stream).or_default();
        let taken = plan.key.is_some_and(|key| self.keys.contains(&key));
        match answered.outcome {
            Outcome::KeyTaken => taken,
            Outcome::Conflict => version != expected,
            Outcome::Accepted => {
                let admitted = version == expected && !taken;
                *version += plan.events as u64;
                self.keys.extend(plan.key);
                admitted
            }
        }
    }

    /// The state after some order of these commands in which each is answered as it was.
    fn explain(&self, round: &[Answered<'_>], left: u32) -> Option<Self> {
        if left == 0 {
            return Some(self.clone());
        }
        (0..round.len())
            .filter(|i| left & (1 << i) != 0)
            .find_map(|i| {
                let mut next = self.clone();
                let explained = next.take(&round[i]);
                explained.then(|| next.explain(round, left & !(1 << i)))?
            })
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let ahead = prop_oneof![1 => Just(-1_i64), 6 => Just(0), 2 => 1..=3_i64];
    let key = proptest::option::of(0..4_usize);
    (0..2_usize, 0..3_usize, ahead, 1..=3_usize, key).prop_map(
        |(store, stream, ahead, events, key)| Plan {
            store,
            stream,
            ahead,
            events,
            key,
        },
    )
}

async fn check(stores: &[EventStore<Order>; 2], url: &str, history: &[Vec<Plan>]) {
    let prefix = new_id();
    let mut model = Model::default();
    let mut accepted = Vec::new();
    for round in history {
        let sent: Vec<Sent> = round
            .iter()
            .map(|plan| {
                let version = model
                    .versions
                    .get(&plan.stream)
                    .copied()
                    .unwrap_or_default();
                let expected = version.saturating_add_signed(plan.ahead);
                let sent = Sent::new(&format!("{prefix}-{}", plan.stream), expected, plan.events);
                match plan.key {
                    Some(key) => sent.keyed(&format!("{prefix}-{key}")),
                    None => sent,
                }
            })
            .collect();
        let sending = round.iter().zip(&sent);
        let outcomes = join_all(sending.map(|(plan, sent)| sent.to(&stores[plan.store]))).await;
        let mut answered = Vec::new();
        for ((plan, sent), outcome) in round.iter().zip(&sent).zip(outcomes) {
            let outcome = match outcome {
                Ok(_) => Outcome::Accepted,
                Err(EventStoreError::Conflict { .. }) => Outcome::Conflict,
                Err(EventStoreError::IdempotencyKeyTaken) => Outcome::KeyTaken,
                Err(other) => panic!("{other}"),
            };
            if outcome == Outcome::Accepted {
                accepted.push((sent.id(), sent.stream.clone(), sent.expected, sent.events));
            }
            answered.push(Answered {
                plan,
                expected: sent.expected,
                outcome,
            });
        }
        let explained = model.explain(&answered, (1 << answered.len()) - 1);
        let outcomes: Vec<_> = answered.iter().map(|a| (a.plan, a.outcome)).collect();
        model = explained.unwrap_or_else(|| panic!("no order explains {outcomes:?} on {model:?}"));
    }

    let psql = crate::fixture::psql(url).await;
    let sql = "SELECT aggregate_id, sequence, metadata ->> 'causationId' FROM events
               WHERE aggregate_id LIKE $1 || '%'";
    let mut found = BTreeSet::new();
    for row in psql.query(sql, &[&prefix]).await.unwrap() {
        found.insert((row.get(0), row.get(1), row.get::<_, String>(2)));
    }
    let mut promised = BTreeSet::new();
    for (id, stream, expected, events) in accepted {
        for version in expected as i64 + 1..=expected as i64 + events as i64 {
            promised.insert((stream.clone(), version, id.to_string()));
        }
    }
    assert_eq!(found, promised);
}

/// Two stores share nothing but the database, as two processes would: what one knows of its own
/// queue is no help against the other. (Real processes are in `two_processes` and `kills`.)
#[test]
fn every_history_is_explained_by_commands_taken_one_by_one() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let fixture = runtime.block_on(Fixture::new());
    let stores =
        runtime.block_on(async { [0, 1].map(|_| order_store(&database(&fixture.url, None))) });
    let histories = prop::collection::vec(prop::collection::vec(plan(), 1..=8), 1..=5);
    let mut runner = TestRunner::new(Config {
        cases: 500,
        failure_persistence: None,
        ..Config::default()
    });
    let mut checked = 0;
    let checked_all = runner.run(&histories, |history| {
        runtime.block_on(check(&stores, &fixture.url, &history));
        Ok(())
    });
    checked_all.unwrap();
    runtime.block_on(async {
        let psql = fixture.psql().await;
        assert_whole(&psql).await;
        checked += stored(&psql).await.len();
        // Every statement takes its locks in the same order.
        let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        let deadlocks: i64 = psql.query_one(sql, &[]).await.unwrap().get(0);
        assert_eq!(deadlocks, 0);
    });
    println!("500 histories, {checked} commands accepted");
}
