use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::OccurredOn;
use crate::saga::{Participant, REACTIONS};

use super::{Sighting, Track};

/// What actually happened, as a Mermaid sequence diagram: each event goes from who told it to whoever
/// does something about it, and stands alone where nobody does.
pub fn sequence(track: &Track) -> String {
    let in_order = in_order(track);
    let mut diagram = String::from("sequenceDiagram\n");
    // Writing to a String cannot fail.
    for participant in Participant::ALL {
        let _ = writeln!(diagram, "    participant {}", participant.as_str());
    }
    let begun = in_order.first().map(|sighting| sighting.at);
    for sighting in in_order {
        let (from, what) = (sighting.participant.as_str(), said(sighting, begun));
        let reactors = reactors(track, sighting);
        for to in &reactors {
            let _ = writeln!(diagram, "    {from}->>{}: {what}", to.as_str());
        }
        if reactors.is_empty() {
            let _ = writeln!(diagram, "    Note over {from}: {what}");
        }
    }
    diagram
}

/// By time, but never against a participant's own order.
fn in_order(track: &Track) -> Vec<&Sighting> {
    let mut latest: BTreeMap<Participant, OccurredOn> = BTreeMap::new();
    let mut timed: Vec<(OccurredOn, &Sighting)> = Vec::new();
    for sighting in track.sightings() {
        let at = latest.entry(sighting.participant).or_insert(sighting.at);
        *at = (*at).max(sighting.at);
        timed.push((*at, sighting));
    }
    // Stable: within a moment as they were.
    timed.sort_by_key(|(at, _)| *at);
    timed.into_iter().map(|(_, sighting)| sighting).collect()
}

fn reactors(track: &Track, sighting: &Sighting) -> Vec<Participant> {
    let (flow, signal) = (track.flow(), sighting.signal());
    let rows = REACTIONS
        .iter()
        .filter(|row| Some(row.seen) == signal && row.flows.contain(flow));
    let mut reactors: Vec<Participant> = rows.map(|row| row.does.by()).collect();
    reactors.sort_unstable();
    reactors.dedup();
    reactors
}

fn said(sighting: &Sighting, begun: Option<OccurredOn>) -> String {
    let since = begun.map_or(0.0, |begun| {
        let since = sighting.at.timestamp().duration_since(begun.timestamp());
        since.as_secs_f64()
    });
    let mut said = format!("{} (+{since:.3} s)", sighting.event_type);
    if let Some(kind) = sighting.told {
        let _ = write!(said, ", {}", kind.as_str());
    }
    if let Some(reason) = &sighting.reason {
        let _ = write!(said, ", {}", plain(reason.as_str()));
    }
    said
}

/// Reasons come from anywhere, and must not end a line of the diagram or begin an entity.
fn plain(text: &str) -> String {
    let plain = |c: char| match c {
        ';' | '#' | '<' | '>' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(plain).collect()
}
