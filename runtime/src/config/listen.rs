use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{AuthArgs, ConfigError, HttpArgs};

/// Where an API listens.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "HTTP")]
pub struct ListenArgs {
    /// address:port to listen on [default: 127.0.0.1 and the service's own port: commands 8084,
    /// queries 8085, relay 8087, projector 8088]
    #[arg(long, env = "LISTEN", value_name = "ADDR")]
    listen: Option<SocketAddr>,

    #[command(flatten)]
    pub http: HttpArgs,
}

impl ListenArgs {
    pub fn addr(&self, default_port: u16) -> Result<SocketAddr, ConfigError> {
        listen_addr(self.listen, default_port, &self.http.auth)
    }
}

/// Loopback by default; anything else only with authentication, or when it was said that none is
/// meant.
pub fn listen_addr(
    wanted: Option<SocketAddr>,
    default_port: u16,
    auth: &AuthArgs,
) -> Result<SocketAddr, ConfigError> {
    let addr = wanted.unwrap_or((IpAddr::V4(Ipv4Addr::LOCALHOST), default_port).into());
    if addr.ip().is_loopback() || auth.is_on() {
        return Ok(addr);
    }
    if !auth.allow_no_auth {
        return Err(ConfigError::NoAuthentication { addr });
    }
    tracing::warn!(%addr, "listening without authentication on an address others can reach");
    Ok(addr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_other_addresses_without_authentication() {
        let open: SocketAddr = "0.0.0.0:8084".parse().unwrap();
        let none = AuthArgs::default();
        assert!(listen_addr(Some(open), 8084, &none).is_err());
        let default = listen_addr(None, 8084, &none).unwrap();
        assert_eq!(default.to_string(), "127.0.0.1:8084");
        let allowed = AuthArgs {
            allow_no_auth: true,
            ..AuthArgs::default()
        };
        let keys = AuthArgs {
            api_keys_file: Some("keys.json".into()),
            ..AuthArgs::default()
        };
        for auth in [allowed, keys] {
            assert_eq!(listen_addr(Some(open), 8084, &auth).unwrap(), open);
        }
    }
}
