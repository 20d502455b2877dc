use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// An aggregate with what it has told so far. Its fingerprint is its history's.
#[derive(Clone)]
pub struct Stream<A, C> {
    pub aggregate: A,
    pub told: Vec<Rc<C>>,
    fingerprint: u128,
}

impl<A, C> Stream<A, C> {
    pub fn new(aggregate: A) -> Self {
        Self {
            aggregate,
            told: Vec::new(),
            fingerprint: 0,
        }
    }

    pub fn fingerprint(&self) -> u128 {
        self.fingerprint
    }
}

impl<A: Clone, C: Clone> Stream<A, C> {
    /// The stream with one more event, folded by `fold`.
    pub fn appended<E: Clone + Hash + Into<C>, F: std::fmt::Debug>(
        self: &Rc<Self>,
        event: &E,
        fold: impl Fn(&mut A, &E) -> Result<(), F>,
    ) -> Result<Rc<Self>, String> {
        let mut next = Self::clone(self);
        fold(&mut next.aggregate, event).map_err(|fault| format!("cannot be folded: {fault:?}"))?;
        next.told.push(Rc::new(event.clone().into()));
        next.fingerprint = fingerprint(&(self.fingerprint, event));
        Ok(Rc::new(next))
    }
}

/// Of 128 bits: among some million states, no two share one by chance.
pub fn fingerprint(of: &impl Hash) -> u128 {
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        of.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}
