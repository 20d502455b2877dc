//! Every history of one order's saga: topics that interleave freely (each key in order), records
//! that come again, calls whose answer is lost, webhooks in any order and twice, a provider that
//! declines, is late or says nothing, the deadline and the customer's cancellation at any point.
//! Wherever nothing is left to do, the order has ended well.
//!
//! The state space is walked depth first; a state that was met before is not walked again, and
//! histories are counted through it. A record that is lost before it had an effect is no step of
//! its own: it is one that has not come yet.
#![cfg(test)]

mod action;
mod circumstances;
mod endings;
mod explore;
mod given;
mod participants;
mod provider;
mod stream;
mod watched;
mod world;

use circumstances::{Circumstances, Stocked};
use domain::saga::{Does, REACTIONS, Reaction, SagaFlow};
use explore::{Explored, explore};

fn circumstances(flow: SagaFlow, stocked: Stocked) -> Circumstances {
    Circumstances {
        flow,
        stocked,
        table: REACTIONS.to_vec(),
        clock: true,
        cancels: 1,
        repeats: 0,
        refunds: true,
    }
}

/// The circumstances that a saga is walked through in, the small ones first.
fn all() -> Vec<Circumstances> {
    let mut all = Vec::new();
    for flow in SagaFlow::ALL {
        for stocked in [Stocked::Enough, Stocked::Short] {
            let usual = circumstances(flow, stocked);
            // Without the clock and the customer, the participants alone must come to an end.
            let alone = Circumstances {
                clock: false,
                cancels: 0,
                ..usual.clone()
            };
            all.extend([alone, usual]);
        }
    }
    all.sort_by_key(|circumstances| circumstances.clock);
    all
}

fn end_well(all: impl IntoIterator<Item = Circumstances>) {
    let mut sum = Explored::default();
    for circumstances in all {
        let title = circumstances.to_string();
        let explored = explore(circumstances).unwrap_or_else(|e| panic!("{title}\n{e}"));
        println!("{title}: {explored}");
        sum += explored;
    }
    println!("all: {sum}");
    // Every end is met, else nothing was explored.
    assert!(sum.confirmed > 0 && sum.cancelled > 0 && sum.failed > 0);
}

#[test]
fn every_history_ends_well() {
    end_well(all());
}

/// Without the customer, whose cancellation is undone like the clock's.
#[test]
fn every_history_with_a_repeat_ends_well() {
    end_well(all().into_iter().map(|c| Circumstances {
        repeats: 1,
        cancels: 0,
        ..c
    }));
}

#[test]
#[ignore = "half a minute with optimisation, minutes without"]
fn every_history_with_a_repeat_and_the_customer_ends_well() {
    end_well(all().into_iter().map(|c| Circumstances { repeats: 1, ..c }));
}

#[test]
#[ignore = "minutes with optimisation"]
fn every_history_with_two_repeats_ends_well() {
    end_well(all().into_iter().map(|c| Circumstances {
        repeats: 2,
        cancels: 0,
        ..c
    }));
}

fn fails(change: impl Fn(Circumstances) -> Circumstances) -> bool {
    all().into_iter().any(|c| explore(change(c)).is_err())
}

/// A model that nothing fails would show nothing: each row of the table is missed when it is gone,
/// but for those that only show the way.
#[test]
fn every_reaction_is_needed() {
    let shown_only = [Does::NotePaymentPending, Does::NotePaymentAuthorized];
    for gone in REACTIONS
        .iter()
        .filter(|row| !shown_only.contains(&row.does))
    {
        let table: Vec<Reaction> = REACTIONS
            .iter()
            .filter(|row| *row != gone)
            .copied()
            .collect();
        let missed = fails(|c| Circumstances {
            table: table.clone(),
            ..c
        });
        assert!(missed, "{gone:?}");
    }
}

#[test]
fn a_late_capture_needs_its_refund() {
    assert!(fails(|c| Circumstances {
        refunds: false,
        ..c
    }));
}
