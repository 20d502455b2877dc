//! Ports on the loopback interface, all below 32768: above that lie the ephemeral ports,
//! where a client that polls a port can be given that very port and connect to itself.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST_EPHEMERAL: u16 = 32768;
const FIRST_RANDOM: u16 = 15_000;

/// This port, or the next free one above it.
pub(crate) fn from(preferred: u16) -> Option<u16> {
    (preferred..FIRST_EPHEMERAL).find(|port| is_free(*port))
}

/// A free port that another process looking for one at the same time will hardly pick too.
pub(crate) fn random() -> Option<u16> {
    (0..500).find_map(|_| {
        let port = random_in(FIRST_RANDOM, FIRST_EPHEMERAL);
        is_free(port).then_some(port)
    })
}

/// A free port for a process that is to be started later, or killed and started again: this process
/// hands it out once, and the servers of this crate choose theirs from others.
/// None where all 5,000 are taken.
pub fn reserved_port() -> Option<u16> {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = FIRST_RANDOM - FIRST;
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU16::new(random_in(0, COUNT)));
    (0..COUNT).find_map(|_| {
        let port = FIRST + next.fetch_add(1, Ordering::Relaxed) % COUNT;
        is_free(port).then_some(port)
    })
}

/// Not below the first, and below the end.
fn random_in(first: u16, end: u16) -> u16 {
    let random = RandomState::new().hash_one(()) % u64::from(end - first);
    // A remainder of a difference of two u16 is one.
    first + u16::try_from(random).unwrap_or_default()
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
    use std::collections::BTreeSet;
    use std::net::TcpListener;

    use super::{is_listener, reserved_port};

    #[test]
    fn no_reserved_port_is_handed_out_twice() {
        let ports: BTreeSet<u16> = (0..200).filter_map(|_| reserved_port()).collect();
        assert_eq!(ports.len(), 200);
        assert!(ports.iter().all(|port| (10_000..15_000).contains(port)));
    }

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
