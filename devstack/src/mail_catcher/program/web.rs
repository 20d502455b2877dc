//! What was caught, over HTTP: a page for people, and for programs the part of Mailpit's API that
//! lists mails and gives one as it came, so that either can be asked in the same way.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::mime::{Message, json};
use crate::page;
use crate::store::Store;

const LARGEST_REQUEST: u64 = 16 * 1024;
const HTML: &str = "text/html; charset=utf-8";

struct Answer {
    status: &'static str,
    content_type: &'static str,
    body: Vec<u8>,
}

impl Answer {
    fn ok(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: "200 OK",
            content_type,
            body: body.into(),
        }
    }

    fn refusal(status: &'static str) -> Self {
        Self {
            status,
            content_type: "text/plain",
            body: status.as_bytes().to_vec(),
        }
    }
}

pub fn answer(mut stream: &TcpStream, store: &Store) -> io::Result<()> {
    let mut request = String::new();
    let mut input = BufReader::new(stream).take(LARGEST_REQUEST);
    loop {
        let begun = request.len();
        input.read_line(&mut request)?;
        match &request[begun..] {
            "" => return Ok(()),
            "\r\n" | "\n" => break,
            _ => {}
        }
    }
    let mut words = request.split(' ');
    let answer = match (words.next(), words.next()) {
        (Some("GET"), Some(target)) => get(target, store)?,
        _ => Answer::refusal("405 Method Not Allowed"),
    };
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.content_type,
        answer.body.len(),
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&answer.body)
}

fn get(target: &str, store: &Store) -> io::Result<Answer> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let number = |name, default| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let given = pairs.find(|(key, _)| *key == name);
        given
            .and_then(|(_, value)| value.parse::<usize>().ok())
            .unwrap_or(default)
    };
    let (start, limit) = (number("start", 0), number("limit", 50));
    Ok(match path {
        "/" => Answer::ok(HTML, page::list(&newest(store, start, limit)?)),
        "/api/v1/messages" => {
            let total = store.newest();
            let mails = newest(store, start, limit)?;
            Answer::ok("application/json", listed(total, &mails))
        }
        _ => {
            let raw = path.strip_prefix("/api/v1/message/");
            let raw = raw.and_then(|rest| rest.strip_suffix("/raw"));
            let id = raw.or_else(|| path.strip_prefix("/mails/"));
            let id = id.and_then(|id| id.parse().ok());
            match id.map(|id| store.read(id)).transpose()?.flatten() {
                None => Answer::refusal("404 Not Found"),
                Some(message) if raw.is_some() => Answer::ok("text/plain", message),
                Some(message) => Answer::ok(HTML, page::mail(&Message::read(&message))),
            }
        }
    })
}

fn newest(store: &Store, start: usize, limit: usize) -> io::Result<Vec<(u64, Message)>> {
    let ids = (1..=store.newest()).rev().skip(start).take(limit);
    let read = ids.map(|id| Ok((id, store.read(id)?)));
    let mails: io::Result<Vec<_>> = read.collect();
    let mails = mails?.into_iter();
    Ok(mails
        .filter_map(|(id, message)| Some((id, Message::read(&message?))))
        .collect())
}

fn listed(total: u64, mails: &[(u64, Message)]) -> String {
    let mails: Vec<String> = mails
        .iter()
        .map(|(id, mail)| {
            let to = mail.recipients();
            let to = to.iter().map(|to| format!("{{\"Address\":{}}}", json(to)));
            format!(
                "{{\"ID\":\"{id:08}\",\"MessageID\":{},\"Subject\":{},\"To\":[{}]}}",
                json(&mail.message_id()),
                json(&mail.subject()),
                to.collect::<Vec<_>>().join(","),
            )
        })
        .collect();
    format!("{{\"total\":{total},\"messages\":[{}]}}", mails.join(","))
}
