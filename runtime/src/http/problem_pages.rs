//! `/problems`: what a problem's `type` leads to.

use std::fmt::Write;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use super::{PathText, Problem, ProblemType};

pub const INDEX: &str = "/problems";
pub const PAGE: &str = "/problems/{kind}";

pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(INDEX, get(async || page("Problems", &index())))
        .route(PAGE, get(one))
}

async fn one(PathText(kind): PathText) -> Result<Response, Problem> {
    let Some(problem) = ProblemType::named(&kind) else {
        let detail = "No problem type has this name. /problems lists them all.";
        return Err(Problem::new(ProblemType::RouteNotFound, detail));
    };
    let mut html = section(problem);
    html.push_str("<p><a href=\"/problems\">All problems</a></p>\n");
    Ok(page(problem.described().title, &html))
}

fn index() -> String {
    let intro = "<h1>Problems</h1>\n<p>What the member <code>type</code> of an \
                 <code>application/problem+json</code> answer (RFC 9457), or of one of its \
                 <code>errors</code>, can be.</p>\n";
    let sections = ProblemType::ALL.iter().copied().map(section);
    std::iter::once(intro.to_owned()).chain(sections).collect()
}

fn section(problem: ProblemType) -> String {
    let about = problem.described();
    let (title, kind) = (escaped(about.title), about.kind);
    let mut html = format!("<h2 id=\"{kind}\">{title}</h2>\n");
    // Writing to a String cannot fail.
    let _ = writeln!(
        html,
        "<p><a href=\"{problem}\"><code>{problem}</code></a>, {}</p>\n<p>{}</p>\n<p>What to do: {}</p>",
        about.status,
        escaped(about.meaning),
        escaped(about.remedy),
    );
    html
}

fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n\
         <body>\n{body}</body>\n</html>\n",
        escaped(title)
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    (headers, html).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_is_named_once_and_described() {
        let kinds: BTreeSet<_> = ProblemType::ALL
            .iter()
            .map(|each| each.described().kind)
            .collect();
        assert_eq!(kinds.len(), ProblemType::ALL.len());
        for problem in ProblemType::ALL {
            let about = problem.described();
            assert_eq!(ProblemType::named(about.kind), Some(*problem));
            assert!(about.status.is_client_error() || about.status.is_server_error());
            for text in [about.title, about.meaning, about.remedy] {
                assert!(text.ends_with('.'), "{}: {text}", about.kind);
            }
        }
    }

    /// After a change of the table: `UPDATE_DOCS=1 cargo test -p runtime`.
    #[test]
    fn the_document_shows_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/problems.md");
        let mut table = String::from(
            "# Problems\n\n\
             Every error is `application/problem+json` (RFC 9457). Its `type`, or that of one of its\n\
             `errors`, is `/problems/` and one of these names, and leads to a page of either API that\n\
             says the same as the row here.\n\n\
             | type | status | title | meaning | what to do |\n|---|---|---|---|---|\n",
        );
        for problem in ProblemType::ALL {
            let about = problem.described();
            let status = about.status.as_u16();
            writeln!(
                table,
                "| `{}` | {status} | {} | {} | {} |",
                about.kind, about.title, about.meaning, about.remedy
            )
            .unwrap();
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, table).unwrap();
        } else {
            let shown = std::fs::read_to_string(path).unwrap();
            assert_eq!(shown, table, "run UPDATE_DOCS=1 cargo test -p runtime");
        }
    }
}
