use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lettre::transport::smtp::client::AsyncSmtpConnection;
use tokio::sync::Semaphore;

use crate::notification::mail::Mail;

use super::dialogue::{begins_anew, hand_over};
use super::server::Server;
use super::{MailError, SmtpArgs, SmtpError};

/// Shorter than servers' own patience, which is 5 minutes and may be less.
const LONGEST_IDLE: Duration = Duration::from_secs(60);

/// Hands mails over to the mail server, on connections that are kept for the next mail.
///
/// The connections are kept here and not by `lettre`'s own pool: that one puts a connection back
/// also when its user gave up in the middle of a dialogue, so that the next mail takes the answers
/// meant for the one before; and it waits for answers without an end.
pub struct Mailer {
    server: Server,
    timeout: Duration,
    most: usize,
    sending: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Mailer {
    /// Connects to nothing yet.
    pub fn new(args: &SmtpArgs) -> Result<Self, SmtpError> {
        let most = usize::from(args.smtp_connections.max(1));
        Ok(Self {
            server: args.server()?,
            timeout: args.smtp_timeout,
            most,
            sending: Semaphore::new(most),
            idle: Mutex::default(),
        })
    }

    /// Returns when the server has taken the mail. Sent again after an error, or after this was
    /// given up, the mail may arrive twice, as one and the same.
    pub async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let _turn = self.sending.acquire().await.map_err(MailError::away)?;
        self.in_time(async {
            let mut connection = self.connection().await?;
            let sent = hand_over(&mut connection, mail).await;
            if !matches!(sent, Err(MailError::Away(_))) {
                self.keep(connection);
            }
            sent
        })
        .await
    }

    /// Whether mails can be handed over now. For `runtime::health`.
    pub async fn probe(&self) -> Result<(), MailError> {
        self.in_time(async {
            let connection = self.connection().await?;
            self.keep(connection);
            Ok(())
        })
        .await
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, MailError>>,
    ) -> Result<T, MailError> {
        let done = tokio::time::timeout(self.timeout, work).await;
        done.unwrap_or_else(|_| {
            let seconds = self.timeout.as_secs_f32();
            Err(MailError::Away(format!("no answer within {seconds} s")))
        })
    }

    /// One that answers.
    async fn connection(&self) -> Result<AsyncSmtpConnection, MailError> {
        loop {
            let kept = self.idle().pop();
            let Some(mut kept) = kept else { break };
            if kept.since.elapsed() < LONGEST_IDLE && begins_anew(&mut kept.connection).await {
                return Ok(kept.connection);
            }
        }
        let connected = self.server.connect(self.timeout).await;
        connected.map_err(MailError::away)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle();
        if idle.len() < self.most {
            idle.push(Idle {
                connection,
                since: Instant::now(),
            });
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
