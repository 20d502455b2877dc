use std::borrow::Cow;

use mail_parser::{Address, MessageParser};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::DevstackError;

use super::MailCatcher;

/// A mail as it came, and what it says to who can read it.
#[derive(Clone, Debug)]
pub struct CaughtMail {
    /// Without the angle brackets.
    pub message_id: String,
    pub from: Vec<String>,
    pub to: Vec<String>,
    pub subject: String,
    /// Decoded, as the HTML part is, and with plain line feeds.
    pub text: String,
    pub html: String,
    /// As it came over the wire, with all headers.
    pub raw: String,
}

const PAGE: usize = 500;

#[derive(Deserialize)]
struct Listed {
    messages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "MessageID")]
    message_id: String,
}

impl MailCatcher {
    /// The `Message-ID`s of all mails, without the angle brackets, the newest first. One that was
    /// taken twice is in it twice.
    pub async fn message_ids(&self) -> Result<Vec<String>, DevstackError> {
        let listed = self.listed(&client()?).await?.into_iter();
        Ok(listed.map(|entry| entry.message_id).collect())
    }

    /// The mails with that `Message-ID`, with or without the angle brackets.
    pub async fn mails(&self, message_id: &str) -> Result<Vec<CaughtMail>, DevstackError> {
        let message_id = message_id.trim_matches(['<', '>']);
        let client = client()?;
        let mut mails = Vec::new();
        for entry in self.listed(&client).await? {
            if entry.message_id == message_id {
                let path = format!("/api/v1/message/{}/raw", entry.id);
                let raw = self.get(&client, &path).await?.text().await;
                mails.push(CaughtMail::read(raw.map_err(failed)?)?);
            }
        }
        Ok(mails)
    }

    async fn listed(&self, client: &Client) -> Result<Vec<Entry>, DevstackError> {
        let mut all = Vec::new();
        loop {
            let path = format!("/api/v1/messages?start={}&limit={PAGE}", all.len());
            let listed: Listed = json(self.get(client, &path).await?).await?;
            let last = listed.messages.len() < PAGE;
            all.extend(listed.messages);
            if last {
                return Ok(all);
            }
        }
    }

    async fn get(&self, client: &Client, path: &str) -> Result<reqwest::Response, DevstackError> {
        let page = self.page();
        let page =
            page.ok_or_else(|| DevstackError::Mails("SMTP_URL is none of a catcher".into()))?;
        let answer = client.get(format!("{page}{path}")).send().await;
        answer
            .and_then(reqwest::Response::error_for_status)
            .map_err(failed)
    }
}

impl CaughtMail {
    fn read(raw: String) -> Result<Self, DevstackError> {
        let mail = MessageParser::default().parse(raw.as_bytes());
        let mail = mail.ok_or_else(|| DevstackError::Mails("one is no message".to_owned()))?;
        let addresses = |address: Option<&Address>| -> Vec<String> {
            let all = address.into_iter().flat_map(|address| address.iter());
            all.filter_map(|each| each.address().map(str::to_owned))
                .collect()
        };
        let part = |text: Option<Cow<str>>| text.unwrap_or_default().replace("\r\n", "\n");
        Ok(Self {
            message_id: mail.message_id().unwrap_or_default().to_owned(),
            from: addresses(mail.from()),
            to: addresses(mail.to()),
            subject: mail.subject().unwrap_or_default().to_owned(),
            text: part(mail.body_text(0)),
            html: part(mail.body_html(0)),
            raw,
        })
    }
}

/// What somebody's proxy has caught is not asked for.
fn client() -> Result<Client, DevstackError> {
    Client::builder().no_proxy().build().map_err(failed)
}

async fn json<T: DeserializeOwned>(answer: reqwest::Response) -> Result<T, DevstackError> {
    answer.json().await.map_err(failed)
}

fn failed(error: reqwest::Error) -> DevstackError {
    DevstackError::Mails(crate::error::with_cause(&error))
}
