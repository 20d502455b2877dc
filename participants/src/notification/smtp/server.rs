use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::extension::ClientId;
use url::{Host, Url};

use super::SmtpError;

/// Where the mail server is and how it is spoken to.
pub(super) struct Server {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
}

enum Security {
    None,
    /// Nothing goes out before the connection is made a safe one.
    StartTls(TlsParameters),
    FromTheStart(TlsParameters),
}

impl Server {
    /// Reads `smtp://`, `smtps://` and `smtp://…?tls=required`. None of the errors repeats the URL,
    /// which may hold a password.
    pub fn parse(url: &str, authority: Option<Certificate>) -> Result<Self, SmtpError> {
        let url = Url::parse(url).map_err(|_| SmtpError::NoUrl)?;
        let (host, is_local) = match url.host() {
            Some(Host::Domain(name)) => (name.to_owned(), name == "localhost"),
            Some(Host::Ipv4(ip)) => (ip.to_string(), ip.is_loopback()),
            Some(Host::Ipv6(ip)) => (ip.to_string(), ip.is_loopback()),
            None => return Err(SmtpError::NoUrl),
        };
        // An opaque host of an unknown scheme is not read as an address.
        let is_local = is_local || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let mut asked = url.query_pairs();
        let tls = match (asked.next(), asked.next()) {
            (None, _) => false,
            (Some((key, value)), None) if key == "tls" && value == "required" => true,
            _ => return Err(SmtpError::Parameter),
        };
        let parameters = || {
            let mut builder = TlsParametersBuilder::new(host.clone());
            if let Some(authority) = authority {
                builder = builder.add_root_certificate(authority);
            }
            builder.build().map_err(|_| SmtpError::Tls)
        };
        let (security, usual_port) = match url.scheme() {
            "smtp" if tls => (Security::StartTls(parameters()?), 587),
            "smtp" => (Security::None, 25),
            "smtps" => (Security::FromTheStart(parameters()?), 465),
            _ => return Err(SmtpError::NoUrl),
        };
        let credentials = credentials(&url)?;
        if credentials.is_some() && matches!(security, Security::None) && !is_local {
            return Err(SmtpError::PasswordInTheClear);
        }
        let hello = match url.path().trim_matches('/') {
            "" => ClientId::Ipv4(Ipv4Addr::LOCALHOST),
            name if name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) =>
            {
                ClientId::Domain(name.to_owned())
            }
            _ => return Err(SmtpError::Parameter),
        };
        Ok(Self {
            port: url.port().unwrap_or(usual_port),
            host,
            security,
            credentials,
            hello,
        })
    }

    pub async fn connect(&self, patience: Duration) -> Result<AsyncSmtpConnection, Error> {
        let address = (self.host.as_str(), self.port);
        let from_the_start = match &self.security {
            Security::FromTheStart(tls) => Some(tls.clone()),
            Security::None | Security::StartTls(_) => None,
        };
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            address,
            Some(patience),
            &self.hello,
            from_the_start,
            None,
        )
        .await?;
        if let Security::StartTls(tls) = &self.security {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, credentials).await?;
        }
        Ok(connection)
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpError> {
    let decoded = |text| urlencoding::decode(text).map(Cow::into_owned);
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(SmtpError::HalfAnAccount),
        (user, Some(password)) => match (decoded(user), decoded(password)) {
            (Ok(user), Ok(password)) => Ok(Some(Credentials::new(user, password))),
            _ => Err(SmtpError::NoUrl),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> Option<String> {
        Server::parse(url, None)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn reads_where_and_how() {
        for (url, port) in [
            ("smtp://mail.example", 25),
            ("smtp://mail.example:1025/orders.example", 1025),
            ("smtp://u%40h:p%2Fw@mail.example?tls=required", 587),
            ("smtps://u:p@mail.example", 465),
            ("smtp://u:p@127.0.0.1:25", 25),
            ("smtp://u:p@[::1]:25", 25),
        ] {
            let server = Server::parse(url, None).map_err(|error| error.to_string());
            assert_eq!(server.map(|server| server.port), Ok(port), "{url}");
        }
        let server = Server::parse("smtp://u:p@[::1]", None).unwrap();
        assert_eq!(server.host, "::1");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for url in [
            "u:hunter2@mail.example",
            "http://u:hunter2@mail.example",
            "smtp://u:hunter2@mail.example",
            "smtp://u:hunter2@10.0.0.1",
            "smtp://:hunter2@mail.example?tls=required",
            "smtp://hunter2@mail.example?tls=required",
            "smtps://u:hunter2@mail.example?tls=opportunistic",
            "smtps://u:hunter2@mail.example?tls=required&x=y",
            "smtps://u:hunter2@mail.example/a%0db",
            "smtps://u:%ffhunter2@mail.example",
            "smtps://u:hunter2@",
        ] {
            let said = refused(url);
            assert!(
                said.as_ref().is_some_and(|said| !said.contains("hunter2")),
                "{url}: {said:?}"
            );
        }
    }
}
