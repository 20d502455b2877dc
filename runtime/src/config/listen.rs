use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::ConfigError;

/// Where an API listens.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "HTTP")]
pub struct ListenArgs {
    /// address:port to listen on [default: 127.0.0.1 and the service's own port: commands 8084,
    /// queries 8085, relay 8087, projector 8088]
    #[arg(long, env = "LISTEN", value_name = "ADDR")]
    listen: Option<SocketAddr>,

    /// Listen on other addresses than loopback although callers are not authenticated
    #[arg(long, env = "ALLOW_NO_AUTH", value_name = "BOOL", num_args = 0..=1,
          default_value_t = false, default_missing_value = "true")]
    allow_no_auth: bool,
}

impl ListenArgs {
    pub fn addr(&self, default_port: u16) -> Result<SocketAddr, ConfigError> {
        listen_addr(self.listen, default_port, self.allow_no_auth)
    }
}

/// Loopback by default; anything else only when it was said that no authentication is meant.
pub fn listen_addr(
    wanted: Option<SocketAddr>,
    default_port: u16,
    allow_no_auth: bool,
) -> Result<SocketAddr, ConfigError> {
    let addr = wanted.unwrap_or((IpAddr::V4(Ipv4Addr::LOCALHOST), default_port).into());
    if addr.ip().is_loopback() {
        return Ok(addr);
    }
    if !allow_no_auth {
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
        assert!(listen_addr(Some(open), 8084, false).is_err());
        assert_eq!(listen_addr(Some(open), 8084, true).unwrap(), open);
        assert_eq!(
            listen_addr(None, 8084, false).unwrap().to_string(),
            "127.0.0.1:8084"
        );
    }
}
