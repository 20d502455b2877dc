//! What people see of the mails.

use crate::mime::Message;

const STYLE: &str = "<!doctype html><meta charset=\"utf-8\"><title>Caught mail</title><style>\
    body{font:15px sans-serif;margin:2em;max-width:60em}td,th{padding:.2em 1em .2em 0;text-align:left}\
    pre{white-space:pre-wrap;background:#f4f4f4;padding:1em}iframe{width:100%;height:30em;border:1px solid #ccc}\
    </style>";

pub fn list(mails: &[(u64, Message)]) -> String {
    let mut page = format!(
        "{STYLE}<h1>Caught mail</h1><table><tr><th>Date</th><th>To</th><th>Subject</th></tr>"
    );
    for (id, mail) in mails {
        page.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td><a href=\"/mails/{id}\">{}</a></td></tr>",
            escaped(&mail.header("Date").unwrap_or_default()),
            escaped(&mail.recipients().join(", ")),
            escaped(&mail.subject()),
        ));
    }
    page.push_str("</table>");
    page
}

pub fn mail(mail: &Message) -> String {
    let mut page = format!(
        "{STYLE}<p><a href=\"/\">All mails</a></p><h1>{}</h1><pre>{}</pre>",
        escaped(&mail.subject()),
        escaped(&mail.head),
    );
    for (kind, text) in mail.texts() {
        page.push_str(&match kind.as_str() {
            // Whatever the mail brings along is not run.
            "text/html" => format!("<iframe sandbox srcdoc=\"{}\"></iframe>", escaped(&text)),
            _ => format!("<pre>{}</pre>", escaped(&text)),
        });
    }
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
