//! Each class of fault, made and named.

use bson::doc;
use domain::contract::Stub;
use event_store::UnreadableEvent;

use super::Class;
use super::world::{World, document, found, published, waits};

#[test]
fn a_whole_history_has_no_findings() {
    let report = World::of(&[("o-1", 3), ("o-2", 1), ("o-3", 2)]).report(true);
    assert_eq!(found(&report), []);
    assert_eq!((report.orders, report.events, report.records), (3, 6, 6));
    assert_eq!((report.documents, report.faults), (3, 0));
}

#[test]
fn an_event_that_never_came_is_lost() {
    let mut world = World::of(&[("o-1", 3), ("o-2", 1)]);
    world.topic.remove(2);
    let report = world.report(false);
    assert_eq!(found(&report), [(Class::Lost, 1)]);
    let example = &report.findings[&Class::Lost].examples[0];
    assert_eq!(
        (example.key.as_deref(), example.version),
        (Some("o-1"), Some(3))
    );
    assert_eq!(report.faults, 1);
}

#[test]
fn one_that_later_ones_overtook_for_ever_is_a_gap_as_well() {
    let mut world = World::of(&[("o-1", 3)]);
    world.topic.drain(..2);
    assert_eq!(world.found(), [(Class::Lost, 2), (Class::Gap, 2)]);
}

#[test]
fn one_that_later_ones_overtook_is_out_of_order() {
    let mut world = World::of(&[("o-1", 3)]);
    world.topic.swap(0, 1);
    assert_eq!(world.found(), [(Class::OutOfOrder, 1)]);
    let report = world.report(false);
    let example = &report.findings[&Class::OutOfOrder].examples[0];
    assert_eq!((example.version, example.offset), (Some(1), Some(1)));
}

#[test]
fn repeats_are_counted_and_their_content_compared() {
    let mut world = World::of(&[("o-1", 3)]);
    world.topic.push(published("o-1", 2));
    assert_eq!(world.found(), [(Class::Repeated, 1)]);
    world.topic[3].1 = world.topic[3].1.replace("p-1", "p-2");
    assert_eq!(world.found(), [(Class::Different, 1), (Class::Repeated, 1)]);
}

#[test]
fn another_content_is_different_and_another_spelling_is_not() {
    let mut world = World::of(&[("o-1", 2)]);
    let spelt = &mut world.topic[0].1;
    *spelt = spelt
        .replace("12.99", "1299e-2")
        .replacen('{', r#"{"new": 1, "#, 1);
    assert_eq!(world.found(), []);
    let changed = &mut world.topic[0].1;
    *changed = changed.replacen("1299e-2", "13.99", 1);
    assert_eq!(world.found(), [(Class::Different, 1)]);
}

#[test]
fn what_the_store_does_not_have_is_a_phantom_unless_refused() {
    let mut world = World::of(&[("o-1", 2)]);
    world.topic.push(("o-1".to_owned(), "poison".to_owned()));
    world.topic.push(published("o-1", 3));
    world.topic.push(published("o-2", 1));
    let (_, misplaced) = published("o-1", 1);
    world.topic.push(("o-3".to_owned(), misplaced));
    assert_eq!(world.found(), [(Class::Phantom, 4)]);
    world.refused.extend([2, 3, 4]);
    assert_eq!(world.found(), [(Class::Phantom, 1), (Class::Refused, 3)]);
}

#[test]
fn a_refused_record_does_not_stand_for_the_event_it_claims_to_be() {
    let mut world = World::of(&[("o-1", 2)]);
    world.topic[1].1 = world.topic[1].1.replace("p-1", "p-2");
    world.refused.insert(1);
    assert_eq!(world.found(), [(Class::Lost, 1), (Class::Refused, 1)]);
    world.topic.push(published("o-1", 2));
    assert_eq!(world.found(), [(Class::Refused, 1)]);
}

#[test]
fn a_stub_stands_for_a_stored_event_only() {
    let mut world = World::of(&[("o-1", 3)]);
    let stub = |(key, json): (String, String)| {
        let stub = Stub::of(json.as_bytes()).unwrap();
        (key, stub.to_json().unwrap())
    };
    world.topic[1] = stub(published("o-1", 2));
    assert_eq!(world.found(), [(Class::Stub, 1)]);
    world.topic.push(stub(published("o-2", 1)));
    assert_eq!(world.found(), [(Class::Phantom, 1), (Class::Stub, 1)]);
}

#[test]
fn what_waits_in_the_outbox_is_not_lost() {
    let mut world = World::of(&[("o-1", 3), ("o-2", 2)]);
    world.topic.remove(4);
    world.topic.drain(1..3);
    world.documents = vec![document("o-1", 1), document("o-2", 1)];
    world.unpublished = vec![
        waits("o-1", 2, true),
        waits("o-1", 3, false),
        waits("o-2", 2, false),
        // Appended after the log was read.
        waits("o-3", 1, false),
    ];
    assert_eq!(world.found(), [(Class::Pending, 1), (Class::Held, 2)]);
    assert_eq!(world.report(false).faults, 0);
    assert_eq!(world.report(true).faults, 1);
}

#[test]
fn what_was_appended_meanwhile_is_no_phantom_and_need_not_be_there() {
    let mut world = World::of(&[("o-1", 3), ("o-2", 1)]);
    world.since = world.log.split_off(2);
    // Of the later ones only version 3 has come, and the documents are ahead of the log.
    world.topic.remove(3);
    assert_eq!(world.found(), []);
}

#[test]
fn events_that_cannot_be_read_or_do_not_follow_are_named() {
    let mut world = World::of(&[("o-1", 3), ("o-2", 3)]);
    world.log[2] = Err(UnreadableEvent {
        aggregate_id: "o-1".to_owned(),
        version: 3,
        reason: "frozen".to_owned(),
    });
    world.documents[0] = document("o-1", 2);
    world.documents[0].insert("heldBack", doc! { "deadLetterId": "x" });
    let expected = [(Class::Unreadable, 1), (Class::DocumentHeld, 1)];
    assert_eq!(world.found(), expected);
    // A row that is gone from the middle.
    let mut world = World::of(&[("o-1", 3)]);
    world.log.swap(1, 2);
    world.log.truncate(2);
    let expected = [
        (Class::Phantom, 1),
        (Class::Unreadable, 1),
        (Class::DocumentDifferent, 1),
    ];
    assert_eq!(world.found(), expected);
}

#[test]
fn documents_are_missing_stale_or_behind() {
    let mut world = World::of(&[("o-1", 3), ("o-2", 3)]);
    world.documents = vec![document("o-1", 1)];
    let expected = [(Class::DocumentMissing, 1), (Class::DocumentStale, 1)];
    assert_eq!(world.found(), expected);
    // The projector has come to version 1 of the first order.
    world.committed = 1;
    assert_eq!(world.found(), [(Class::DocumentBehind, 2)]);
    assert_eq!(world.report(false).faults, 0);
    assert_eq!(world.report(true).faults, 2);
}

#[test]
fn documents_are_compared_at_their_own_version() {
    let mut world = World::of(&[("o-1", 3), ("o-2", 3)]);
    world.committed = 0;
    world.documents[0] = document("o-1", 2);
    assert_eq!(world.found(), [(Class::DocumentBehind, 1)]);
    world.documents[0].insert("paymentId", "p-2");
    world.documents[1].insert("extra", 1);
    let report = world.report(false);
    let expected = [(Class::DocumentDifferent, 2), (Class::DocumentBehind, 1)];
    assert_eq!(found(&report), expected);
    let examples = &report.findings[&Class::DocumentDifferent].examples;
    let details: Vec<_> = examples.iter().map(|e| e.detail.as_deref()).collect();
    assert_eq!(
        details,
        [Some("differs in paymentId"), Some("differs in extra")]
    );
}

#[test]
fn documents_ahead_of_the_store_or_of_no_order_are_named() {
    let mut world = World::of(&[("o-1", 2)]);
    world.documents[0] = document("o-1", 3);
    world.documents.push(document("o-2", 1));
    world.documents.push(doc! { "_id": 7 });
    let expected = [(Class::DocumentDifferent, 1), (Class::DocumentUnknown, 2)];
    assert_eq!(world.found(), expected);
}

#[test]
fn held_documents_are_compared_up_to_their_own_version() {
    let mut world = World::of(&[("o-1", 3)]);
    let held = doc! { "deadLetterId": "x", "fromVersion": 2_i64, "newestSeen": 3_i64 };
    world.documents[0] = document("o-1", 1);
    world.documents[0].insert("heldBack", held.clone());
    let stub = doc! { "_id": "junk", "version": 0_i64, "heldBack": held };
    world.documents.push(stub);
    assert_eq!(world.found(), [(Class::DocumentHeld, 2)]);
    world.documents[0].insert("status", "CANCELLED");
    let expected = [(Class::DocumentDifferent, 1), (Class::DocumentHeld, 2)];
    assert_eq!(world.found(), expected);
}

#[test]
fn ten_examples_are_kept_and_all_are_counted() {
    let mut world = World::of(&[("o-1", 3)]);
    world
        .topic
        .extend((0..25).map(|i| (format!("k-{i}"), "x".to_owned())));
    let report = world.report(false);
    assert_eq!(report.count(Class::Phantom), 25);
    assert_eq!(report.findings[&Class::Phantom].examples.len(), 10);
}
