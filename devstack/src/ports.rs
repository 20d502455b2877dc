//! Ports on the loopback interface, all below 32768: above that lie the ephemeral ports,
//! where a client that polls a port can be given that very port and connect to itself.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

const FIRST_EPHEMERAL: u16 = 32768;

/// This port, or the next free one above it.
pub(crate) fn from(preferred: u16) -> Option<u16> {
    (preferred..FIRST_EPHEMERAL).find(|port| is_free(*port))
}

/// A free port that another process looking for one at the same time will hardly pick too.
pub(crate) fn random() -> Option<u16> {
    const FIRST: u64 = 15_000;
    const COUNT: u64 = 17_000;
    (0..500_u16).find_map(|attempt| {
        let random = RandomState::new().hash_one(attempt);
        let port = u16::try_from(FIRST + random % COUNT).ok()?;
        is_free(port).then_some(port)
    })
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Whether it is this process that listens on the port, and not one that was faster.
/// True also where it cannot be known.
pub(crate) fn is_listener(pid: u32, port: u16) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return true;
    };
    let Ok(table) = fs::read_to_string("/proc/net/tcp") else {
        return true;
    };
    let table6 = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    let lines = table.lines().chain(table6.lines());
    let sockets: Vec<PathBuf> = lines
        .filter_map(|line| listening_socket(line, port))
        .collect();
    files
        .flatten()
        .any(|file| fs::read_link(file.path()).is_ok_and(|target| sockets.contains(&target)))
}

/// The name under which a process has the socket open, if the line is of one that listens here.
fn listening_socket(line: &str, port: u16) -> Option<PathBuf> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (address, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let here = address.ends_with(&format!(":{port:04X}")) && *state == LISTEN;
    here.then(|| PathBuf::from(format!("socket:[{inode}]")))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::is_listener;

    #[test]
    fn a_port_has_the_process_that_listens_on_it() -> std::io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        assert!(is_listener(std::process::id(), port));
        let mut other = std::process::Command::new("sleep").arg("60").spawn()?;
        let other_listens = is_listener(other.id(), port);
        other.kill()?;
        other.wait()?;
        assert!(!other_listens);
        drop(listener);
        assert!(!is_listener(std::process::id(), port));
        Ok(())
    }
}
