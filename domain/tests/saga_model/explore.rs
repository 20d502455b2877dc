use std::collections::HashMap;
use std::fmt;
use std::ops::AddAssign;

use domain::order::OrderStatus;

use crate::action::Action;
use crate::circumstances::Circumstances;
use crate::endings::{always, at_rest};
use crate::watched;
use crate::world::World;

/// What was gone through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Explored {
    pub states: u64,
    pub steps: u64,
    /// Ways from the beginning to where nothing is left to do; there are more than a `u64` holds.
    pub histories: f64,
    /// States of rest, by how the order ended.
    pub confirmed: u64,
    pub cancelled: u64,
    pub failed: u64,
}

impl AddAssign for Explored {
    fn add_assign(&mut self, other: Self) {
        self.states += other.states;
        self.steps += other.steps;
        self.histories += other.histories;
        self.confirmed += other.confirmed;
        self.cancelled += other.cancelled;
        self.failed += other.failed;
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} states, {} steps, {:.3e} histories; at rest {} confirmed, {} cancelled, {} failed",
            self.states, self.steps, self.histories, self.confirmed, self.cancelled, self.failed
        )
    }
}

/// Goes through everything that can happen, or says how something goes wrong.
pub fn explore(circumstances: Circumstances) -> Result<Explored, String> {
    let world = World::new(&circumstances);
    let mut walk = Walk {
        circumstances,
        histories: HashMap::new(),
        way: Vec::new(),
        explored: Explored::default(),
    };
    let fault = |walk: &Walk, e: String| {
        let way: Vec<String> = walk.way.iter().map(|step| format!("  {step:?}")).collect();
        format!("{}\n{e}", way.join("\n"))
    };
    match walk.from(&world, world.fingerprint()) {
        Ok(histories) => {
            walk.explored.histories = histories;
            walk.explored.states = walk.histories.len() as u64;
            Ok(walk.explored)
        }
        Err(e) => Err(fault(&walk, e)),
    }
}

struct Walk {
    circumstances: Circumstances,
    /// From each state on.
    histories: HashMap<u128, f64>,
    way: Vec<Action>,
    explored: Explored,
}

impl Walk {
    fn from(&mut self, world: &World, fingerprint: u128) -> Result<f64, String> {
        if let Some(known) = self.histories.get(&fingerprint) {
            return Ok(*known);
        }
        always(world, &self.circumstances)?;
        watched::never_too_early(world)?;
        let due = world.due(&self.circumstances);
        let mut histories = 0.0;
        if due.is_empty() {
            histories += 1.0;
            let ended = at_rest(world)?;
            watched::ended(world)?;
            match ended {
                OrderStatus::Confirmed => self.explored.confirmed += 1,
                OrderStatus::Failed => self.explored.failed += 1,
                _ => self.explored.cancelled += 1,
            }
        }
        for action in due.into_iter().chain(world.possible(&self.circumstances)) {
            self.way.push(action);
            let next = world.after(action, &self.circumstances)?;
            let then = next.fingerprint();
            // What changes nothing leads nowhere.
            if then != fingerprint {
                self.explored.steps += 1;
                histories += self.from(&next, then)?;
            }
            self.way.pop();
        }
        self.histories.insert(fingerprint, histories);
        Ok(histories)
    }
}
