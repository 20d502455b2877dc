//! What `/proc` says about processes.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// Not merely that the number is taken: a process that has ended and was not yet waited for
/// is not alive.
pub(crate) fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

/// Whether the process has ended and was not yet waited for.
pub(crate) fn is_unreaped(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state == 'Z' || state == 'X')
}

/// Whether the process runs with this folder named on its command line.
pub(crate) fn works_in(pid: u32, folder: &Path) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    is_alive(pid) && String::from_utf8_lossy(&line).contains(&*folder.to_string_lossy())
}

/// Postgres gives each of its processes a session of its own, so no process group has them all.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|(_, its_parent)| its_parent == parent))
        .collect()
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // An error means that it has ended.
        let _ = kill_process(pid, signal);
    }
}

/// Whether nothing of the process runs any more: each of its threads stops when it gets to it.
pub(crate) fn is_stopped(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    threads
        .flatten()
        .filter_map(|thread| read_stat(&thread.path()))
        .all(|(state, _)| matches!(state, 'T' | 't' | 'Z' | 'X'))
}

fn stat(pid: u32) -> Option<(char, u32)> {
    read_stat(Path::new(&format!("/proc/{pid}")))
}

/// State and parent. The name before them may hold blanks and parentheses.
fn read_stat(of: &Path) -> Option<(char, u32)> {
    let line = fs::read_to_string(of.join("stat")).ok()?;
    let (_, after_name) = line.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}
