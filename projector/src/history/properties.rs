//! What holds for every history.

use bson::doc;
use event_store::Unpublished;
use proptest::prelude::*;

use super::Class;
use super::world::{World, document, found, published, stored};

/// Choices, drawn one after the other.
struct Dice(std::vec::IntoIter<u32>);

impl Dice {
    /// 0 to `below` - 1.
    fn roll(&mut self, below: usize) -> usize {
        self.0.next().unwrap_or(0) as usize % below
    }
}

/// A correct world in the middle of its work: streams interleaved with repeats, tails that are
/// pending or appended since, a projector that is somewhere.
fn correct(dice: &mut Dice) -> World {
    let mut world = World::default();
    let mut orders = Vec::new();
    let mut events_of = Vec::new();
    for number in 0..1 + dice.roll(5) {
        let id = format!("o-{number}");
        let events = 1 + dice.roll(3) as u64;
        let on_topic = dice.roll(events as usize + 1) as u64;
        let read = dice.roll(events as usize + 1) as u64;
        for version in 1..=events {
            if version <= read {
                world.log.push(Ok(stored(&id, version)));
            } else {
                world.since.push(Ok(stored(&id, version)));
            }
            // Some were published after the outbox was read.
            if version > on_topic || dice.roll(4) == 0 {
                world.unpublished.push(Unpublished {
                    aggregate_id: id.clone(),
                    version,
                    failed: false,
                });
            }
        }
        orders.push((id, on_topic, 0_u64));
        events_of.push(events);
    }
    while orders.iter().any(|(_, on_topic, sent)| sent < on_topic) {
        let at = dice.roll(orders.len());
        let (id, on_topic, sent) = &mut orders[at];
        // A run from any version that is there already to the next one.
        let first = 1 + dice.roll(*sent as usize + 1) as u64;
        if sent == on_topic {
            // Its turn is over: whoever is not done goes on.
            let waiting = orders
                .iter_mut()
                .find(|(_, on_topic, sent)| sent < on_topic);
            if let Some((id, _, sent)) = waiting {
                *sent += 1;
                world.topic.push(published(id, *sent));
            }
            continue;
        }
        *sent += 1;
        world
            .topic
            .extend((first..=*sent).map(|version| published(id, version)));
    }
    world.committed = dice.roll(world.topic.len() + 1) as i64;
    for ((id, ..), events) in orders.iter().zip(events_of) {
        // Perhaps beyond the topic's ends: it has grown since.
        let applied = applied(&world, id);
        let version = applied + dice.roll((events - applied) as usize + 1) as u64;
        if version > 0 {
            world.documents.push(document(id, version as i64));
        }
    }
    world
}

/// The highest version below the committed offset.
fn applied(world: &World, id: &str) -> u64 {
    let committed = &world.topic[..world.committed as usize];
    let versions = (1..=3).filter(|v| committed.contains(&published(id, *v)));
    versions.max().unwrap_or(0)
}

/// Breaks one thing; `None` where this world has nothing to break that way. Returns the class it
/// must be found under, and those it may be found under as well.
fn break_one(world: &mut World, dice: &mut Dice) -> Option<(Class, &'static [Class])> {
    let choose = |from: Vec<(String, u64)>, dice: &mut Dice| {
        (!from.is_empty()).then(|| from[dice.roll(from.len())].clone())
    };
    let all = |world: &World| -> Vec<(String, u64)> {
        let log = world.log.iter().flatten();
        let places = log.map(|s| (s.envelope.aggregate_id.clone(), s.envelope.version));
        places
            .filter(|(id, version)| world.topic.contains(&published(id, *version)))
            .filter(|(id, version)| {
                let mut waiting = world.unpublished.iter();
                !waiting.any(|row| row.aggregate_id == *id && row.version == *version)
            })
            .collect()
    };
    match dice.roll(10) {
        0 => {
            let (id, version) = choose(all(world), dice)?;
            let gone = published(&id, version);
            let before = world.committed as usize;
            let committed = world.topic[..before].iter().filter(|r| **r == gone);
            world.committed -= committed.count() as i64;
            world.topic.retain(|record| *record != gone);
            Some((Class::Lost, &[Class::Gap]))
        }
        1 => {
            let later = all(world).into_iter().filter(|(_, v)| *v > 1).collect();
            let (id, version) = choose(later, dice)?;
            let first = |v| world.topic.iter().position(|r| *r == published(&id, v));
            let (one, other) = (first(version - 1)?, first(version)?);
            world.topic.swap(one, other);
            // Documents and committed offsets stay as they were: they may be caught between.
            Some((
                Class::OutOfOrder,
                &[Class::DocumentMissing, Class::DocumentStale],
            ))
        }
        2 => {
            let at = dice.roll(world.topic.len().max(1));
            let record = world.topic.get_mut(at)?;
            record.1 = record.1.replacen("k-1", "k-2", 1);
            Some((Class::Different, &[]))
        }
        3 => {
            let at = dice.roll(world.topic.len() + 1);
            world
                .topic
                .insert(at, ("o-0".to_owned(), "poison".to_owned()));
            world.committed += i64::from((at as i64) < world.committed);
            Some((Class::Phantom, &[]))
        }
        4 => {
            world.topic.push(published("o-9", 1));
            Some((Class::Phantom, &[]))
        }
        5 => {
            // The last event of a stream, so that the rest is whole.
            let is_last = |world: &World, id: &str, v: u64| {
                !world
                    .log
                    .iter()
                    .chain(&world.since)
                    .flatten()
                    .any(|s| s.envelope.aggregate_id == id && s.envelope.version > v)
            };
            let last = all(world)
                .into_iter()
                .filter(|(id, v)| is_last(world, id, *v))
                .collect();
            let (id, version) = choose(last, dice)?;
            world.log.retain(|entry| {
                entry
                    .as_ref()
                    .is_ok_and(|s| s.envelope.aggregate_id != id || s.envelope.version != version)
            });
            Some((
                Class::Phantom,
                &[Class::DocumentDifferent, Class::DocumentUnknown],
            ))
        }
        6 => {
            let at = dice.roll(world.documents.len().max(1));
            world
                .documents
                .get_mut(at)?
                .insert("customerId", "somebody");
            Some((Class::DocumentDifferent, &[]))
        }
        7 => {
            let at = dice.roll(world.documents.len().max(1));
            let id = world.documents.get(at)?.get_str("_id").ok()?.to_owned();
            (applied(world, &id) > 0).then_some(())?;
            world.documents.remove(at);
            Some((Class::DocumentMissing, &[]))
        }
        8 => {
            let at = dice.roll(world.documents.len().max(1));
            let id = world.documents.get(at)?.get_str("_id").ok()?.to_owned();
            let applied = applied(world, &id);
            (applied > 1).then_some(())?;
            world.documents[at] = document(&id, applied as i64 - 1);
            Some((Class::DocumentStale, &[]))
        }
        _ => {
            world
                .documents
                .push(doc! { "_id": "o-9", "version": 1_i64 });
            Some((Class::DocumentUnknown, &[]))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_correct_history_has_no_faults(choices in prop::collection::vec(any::<u32>(), 0..80)) {
        let world = correct(&mut Dice(choices.into_iter()));
        let report = world.report(false);
        prop_assert_eq!(report.faults, 0, "{:?}", found(&report));
        prop_assert_eq!(report.records, world.topic.len() as u64);
    }

    #[test]
    fn one_fault_is_found_under_its_class(
        choices in prop::collection::vec(any::<u32>(), 20..80),
        broken in prop::collection::vec(any::<u32>(), 3),
    ) {
        let mut world = correct(&mut Dice(choices.into_iter()));
        let Some((class, others)) = break_one(&mut world, &mut Dice(broken.into_iter())) else {
            return Err(TestCaseError::reject("nothing to break that way"));
        };
        let report = world.report(false);
        prop_assert!(report.count(class) > 0, "no {class:?}: {:?}", found(&report));
        for (found, _) in found(&report) {
            let expected = found == class || others.contains(&found);
            prop_assert!(expected || !found.is_fault(false), "{found:?} for {class:?}");
        }
    }
}
