use std::process::Child;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::site::Site;

/// Processes of one kind, each the binary itself.
pub struct Workers {
    subcommand: &'static str,
    running: Vec<Child>,
}

impl Workers {
    pub fn start(site: &Site, subcommand: &'static str, count: usize) -> anyhow::Result<Self> {
        let mut workers = Self {
            subcommand,
            running: Vec::new(),
        };
        for _ in 0..count {
            workers.add(site)?;
        }
        Ok(workers)
    }

    pub fn count(&self) -> usize {
        self.running.len()
    }

    pub fn add(&mut self, site: &Site) -> anyhow::Result<()> {
        let mut command = site.command(self.subcommand)?;
        let child = command.spawn().context(self.subcommand)?;
        self.running.push(child);
        Ok(())
    }

    /// SIGKILL; whoever comes next has no part in what it knew.
    pub fn kill(&mut self, which: usize) -> anyhow::Result<()> {
        let which = which % self.running.len().max(1);
        self.running[which].kill()?;
        self.ended(which)
    }

    /// SIGTERM, and waits until it has ended.
    pub fn terminate(&mut self, which: usize) -> anyhow::Result<()> {
        let which = which % self.running.len().max(1);
        kill_process(Pid::from_child(&self.running[which]), Signal::TERM)?;
        self.ended(which)
    }

    /// Fails where one has ended by itself.
    pub fn check(&mut self) -> anyhow::Result<()> {
        for child in &mut self.running {
            if let Some(status) = child.try_wait()? {
                bail!("{} has ended: {status}", self.subcommand);
            }
        }
        Ok(())
    }

    fn ended(&mut self, which: usize) -> anyhow::Result<()> {
        let mut child = self.running.remove(which);
        child.wait()?;
        Ok(())
    }

    /// SIGSTOP. Whoever holds the result can wake it.
    pub fn pause(&self, which: usize) -> anyhow::Result<Pid> {
        let child = &self.running[which % self.running.len().max(1)];
        let pid = Pid::from_child(child);
        kill_process(pid, Signal::STOP)?;
        Ok(pid)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for child in &mut self.running {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
