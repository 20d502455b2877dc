use std::fmt::Write as _;

use super::{REACTIONS, SagaFlow};

/// One flow of [`REACTIONS`] as a Mermaid flowchart: from what is seen to what can come of it.
pub fn diagram(flow: SagaFlow) -> String {
    let mut chart = String::from("flowchart TD\n");
    for row in REACTIONS.iter().filter(|row| row.flows.contain(Some(flow))) {
        let (seen, does) = (row.seen.as_str(), row.does);
        let who = does.by().as_str();
        let leads_to = does.leads_to();
        for next in leads_to {
            // Writing to a String cannot fail.
            let _ = writeln!(
                chart,
                "    {seen} -- \"{who}: {}\" --> {}",
                does.as_str(),
                next.as_str()
            );
        }
        if leads_to.is_empty() {
            let _ = writeln!(
                chart,
                "    {seen} -.-> {does:?}([\"{who}: {}\"])",
                does.as_str()
            );
        }
    }
    chart
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document holds each flow's diagram between fences, after a heading with its name. After
    /// a change of the table: `UPDATE_DOCS=1 cargo test -p domain`.
    #[test]
    fn the_document_shows_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/order-saga.md");
        for flow in SagaFlow::ALL {
            let document = std::fs::read_to_string(path).unwrap();
            let heading = format!("## `{flow}`");
            let (before, after) = document.split_once(&heading).unwrap();
            let (head, rest) = after.split_once("```mermaid\n").unwrap();
            let (shown, tail) = rest.split_once("```").unwrap();
            let drawn = diagram(flow);
            if std::env::var_os("UPDATE_DOCS").is_some() {
                let text = format!("{before}{heading}{head}```mermaid\n{drawn}```{tail}");
                std::fs::write(path, text).unwrap();
            } else {
                assert_eq!(shown, drawn, "run UPDATE_DOCS=1 cargo test -p domain");
            }
        }
    }

    #[test]
    fn no_row_stands_twice() {
        for (at, row) in REACTIONS.iter().enumerate() {
            for other in &REACTIONS[at + 1..] {
                let same = row.seen == other.seen && row.does == other.does;
                let shared =
                    |flow| row.flows.contain(Some(flow)) && other.flows.contain(Some(flow));
                assert!(
                    !same || !SagaFlow::ALL.into_iter().any(shared),
                    "{row:?} {other:?}"
                );
            }
        }
    }
}
