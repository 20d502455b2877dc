use std::collections::HashSet;

use event_store::dead_letters::{DeadLetters, Filter, Source, State, States};
pub use participants::books::Report;

use super::site::{DESKS, Site};
use crate::verify;

/// Gives up what the participants could not read: it is poison, and holds back its order. Returns
/// whether there was none.
pub async fn discard_poison(site: &Site) -> anyhow::Result<bool> {
    let open = Filter {
        source: Some(Source::Participant),
        states: States::Only(State::Open),
        ..Filter::default()
    };
    let mut none = true;
    for schema in DESKS {
        let desk = DeadLetters::new(site.schema(schema)?);
        for item in desk.list(&open, None, 1000).await? {
            desk.discard(item.id, "chaos", "poison").await?;
            none = false;
        }
    }
    Ok(none)
}

/// What the participants have taken for poison, each on its own desk.
pub async fn refused(site: &Site) -> anyhow::Result<Vec<(&'static str, u64)>> {
    let mut refused = Vec::new();
    for schema in DESKS {
        let stats = DeadLetters::new(site.schema(schema)?).stats().await?;
        let of_participant = stats.counts.iter();
        let of_participant = of_participant.filter(|c| c.source == Source::Participant);
        refused.push((schema, of_participant.map(|c| c.count).sum()));
    }
    Ok(refused)
}

/// Prints the books. Returns how many mails they have that nobody caught, or the other way round.
pub async fn show(site: &Site, report: &Report) -> anyhow::Result<u64> {
    verify::books::print(report)?;
    let caught = site.cast.mails.message_ids().await?;
    let distinct: HashSet<&String> = caught.iter().collect();
    println!(
        "mails caught {}, with {} ids, for {} sent",
        caught.len(),
        distinct.len(),
        report.mails.sent
    );
    Ok(report.mails.sent.abs_diff(distinct.len() as u64))
}
