//! A reader of server-sent events.

use std::time::{Duration, Instant};

use axum::body::BodyDataStream;
use futures::StreamExt;
use http::StatusCode;

use crate::api::{Api, request};

const PATIENCE: Duration = Duration::from_secs(20);

/// One block of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub id: Option<String>,
    pub event: Option<String>,
    pub data: Option<String>,
    pub comment: bool,
}

pub struct Reading {
    body: BodyDataStream,
    unread: String,
}

impl Reading {
    pub async fn open(api: &Api, path: &str, last_event_id: Option<&str>) -> Self {
        let last = last_event_id.map(|id| ("last-event-id", id));
        let headers: Vec<_> = last.into_iter().collect();
        let response = api.response(request(path, &headers)).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            unread: String::new(),
        }
    }

    /// `None` at the stream's end.
    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let sent = parse(block);
                self.unread = rest.to_owned();
                return Some(sent);
            }
            let more = tokio::time::timeout(PATIENCE, self.body.next()).await;
            let more = more.expect("nothing came").map(|bytes| bytes.unwrap())?;
            self.unread.push_str(std::str::from_utf8(&more).unwrap());
        }
    }

    /// The next ones with content.
    pub async fn events(&mut self, count: usize) -> Vec<Sent> {
        let mut events = Vec::new();
        // Signs of life are not what is waited for.
        let deadline = Instant::now() + PATIENCE;
        while events.len() < count {
            let sent = self.next().await.expect("the stream has ended");
            match sent.data {
                Some(_) => events.push(sent),
                None => assert!(Instant::now() < deadline, "{} of {count}", events.len()),
            }
        }
        events
    }

    /// Reads to the stream's end, and nothing but signs of life on the way.
    pub async fn end(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while let Some(sent) = self.next().await {
            assert!(sent.comment, "{sent:?}");
            assert!(Instant::now() < deadline, "the stream goes on");
        }
    }

    pub async fn ids(&mut self, count: usize) -> Vec<String> {
        let events = self.events(count).await.into_iter();
        events.map(|event| event.id.unwrap()).collect()
    }
}

fn parse(block: &str) -> Sent {
    let mut sent = Sent::default();
    for line in block.lines() {
        match line.split_once(':').unwrap() {
            ("", _) => sent.comment = true,
            ("id", id) => sent.id = Some(id.trim_start().to_owned()),
            ("event", event) => sent.event = Some(event.trim_start().to_owned()),
            ("data", data) => sent.data = Some(data.trim_start().to_owned()),
            _ => panic!("{line}"),
        }
    }
    sent
}
