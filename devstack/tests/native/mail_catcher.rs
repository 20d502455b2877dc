//! Takes mails over SMTP, keeps them whatever happens to it, and shows them.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::clients::Outcome;

const MAIL: &str = "Message-ID: <1@test>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
    To: <a@b>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n<script> & more\r\n..\r\n.\r\n";

struct Client(BufReader<TcpStream>);

impl Client {
    async fn connect(url: &str) -> Outcome<Self> {
        let address = url.strip_prefix("smtp://").ok_or(url)?;
        let mut client = Self(BufReader::new(TcpStream::connect(address).await?));
        assert_eq!(client.answer().await?, "220");
        Ok(client)
    }

    /// The code of the next answer.
    async fn answer(&mut self) -> Outcome<String> {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await?;
            let code = line.get(..3).ok_or("the server hung up")?.to_owned();
            if !line[3..].starts_with('-') {
                return Ok(code);
            }
        }
    }

    async fn say(&mut self, line: &str) -> Outcome<String> {
        self.0.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.answer().await
    }
}

pub async fn send_mail(url: &str, recipient: &str) -> Outcome<()> {
    let mut client = Client::connect(url).await?;
    assert_eq!(client.say("EHLO test").await?, "250");
    assert_eq!(client.say("MAIL FROM:<me@test>").await?, "250");
    let recipient = format!("RCPT TO:<{recipient}>");
    assert_eq!(client.say(&recipient).await?, "250");
    assert_eq!(client.say("DATA").await?, "354");
    client.0.write_all(MAIL.as_bytes()).await?;
    assert_eq!(client.answer().await?, "250");
    assert_eq!(client.say("QUIT").await?, "221");
    Ok(())
}

async fn page(catcher: &devstack::MailCatcher, path: &str) -> Outcome<String> {
    let page = catcher.page().ok_or("no page")?;
    let address = page.strip_prefix("http://").ok_or("no http")?;
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn keeps_its_mails_over_a_kill() -> Outcome<()> {
    let catcher = devstack::private_mail_catcher().await?;
    send_mail(catcher.url(), "a@b").await?;
    send_mail(catcher.url(), "c@d").await?;
    catcher.kill()?;
    assert!(send_mail(catcher.url(), "a@b").await.is_err());
    assert!(catcher.message_ids().await.is_err());
    catcher.start().await?;
    assert_eq!(catcher.message_ids().await?, ["1@test", "1@test"]);
    send_mail(catcher.url(), "e@f").await?;

    let mails = catcher.mails("<1@test>").await?;
    let envelopes: Vec<_> = mails
        .iter()
        .map(|mail| mail.raw.lines().take(2).collect::<Vec<_>>())
        .collect();
    let from = "Return-Path: <me@test>";
    let to = ["e@f", "c@d", "a@b"].map(|to| format!("Delivered-To: {to}"));
    assert_eq!(envelopes, to.each_ref().map(|to| vec![from, to.as_str()]));
    assert_eq!(mails[0].subject, "Grüße");
    assert_eq!(mails[0].to, ["a@b"]);
    assert_eq!(mails[0].text.trim_end(), "<script> & more\n.");
    assert!(mails[0].raw.ends_with("more\r\n.\r\n"));
    assert!(catcher.mails("2@test").await?.is_empty());

    catcher.pause()?;
    let short = Duration::from_millis(500);
    assert!(
        timeout(short, send_mail(catcher.url(), "a@b"))
            .await
            .is_err()
    );
    catcher.resume()?;
    send_mail(catcher.url(), "a@b").await?;
    assert_eq!(catcher.message_ids().await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn shows_its_mails_to_people() -> Outcome<()> {
    let catcher = devstack::private_mail_catcher().await?;
    send_mail(catcher.url(), "a@b").await?;
    let list = page(&catcher, "/").await?;
    assert!(list.starts_with("HTTP/1.1 200 "), "{list}");
    assert!(list.contains("<a href=\"/mails/1\">Grüße</a>"), "{list}");
    let mail = page(&catcher, "/mails/1").await?;
    assert!(mail.contains("<pre>&lt;script&gt; &amp; more"), "{mail}");
    assert!(
        page(&catcher, "/mails/2")
            .await?
            .starts_with("HTTP/1.1 404 ")
    );
    assert!(
        page(&catcher, "/mails/..")
            .await?
            .starts_with("HTTP/1.1 404 ")
    );
    Ok(())
}

#[tokio::test]
async fn turns_recipients_away_when_it_is_asked_to() -> Outcome<()> {
    let catcher = devstack::private_mail_catcher().await?;
    let mut client = Client::connect(catcher.url()).await?;
    assert_eq!(client.say("EHLO test").await?, "250");
    assert_eq!(client.say("RCPT TO:<a@b>").await?, "503");
    assert_eq!(client.say("MAIL FROM:<me@test>").await?, "250");
    assert_eq!(client.say("DATA").await?, "503");
    for (recipient, codes) in [
        ("refused@b", ["550", "550"]),
        ("Refused+1@b", ["550", "550"]),
        ("later@b", ["450", "250"]),
        ("later+1@b", ["450", "250"]),
        ("refusedly@b", ["250", "250"]),
    ] {
        for code in codes {
            let answered = client.say(&format!("RCPT TO:<{recipient}>")).await?;
            assert_eq!(answered, code, "{recipient}");
        }
    }
    assert_eq!(client.say("RSET").await?, "250");
    assert_eq!(client.say("MAIL FROM:<>").await?, "250");
    assert_eq!(client.say("TURN").await?, "502");
    assert_eq!(client.say("RCPT TO:<a@b>").await?, "250");

    // A mail that was cut off is none.
    assert_eq!(client.say("DATA").await?, "354");
    client.0.write_all(b"Subject: half a").await?;
    drop(client);
    send_mail(catcher.url(), "a@b").await?;
    assert_eq!(catcher.message_ids().await?.len(), 1);
    Ok(())
}
