use std::fmt;

use crate::Ids;

/// A step in a W3C trace: of what the caller began, or of one that begins here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
}

impl Trace {
    /// This request's own step: its id is the parent of whatever it sets in motion. Nothing is
    /// recorded here, so a trace that begins here is not marked as sampled.
    pub fn step(caller: Option<Self>, ids: &dyn Ids) -> Self {
        // The low half of a UUID is the random one, and its variant keeps it from being zero.
        let span_id = ids.next().as_u128() as u64;
        match caller {
            Some(caller) => Self { span_id, ..caller },
            None => Self {
                trace_id: ids.next().as_u128(),
                span_id,
                sampled: false,
            },
        }
    }

    /// `version-traceid-parentid-flags` in lower-case hex, ids not all zero (W3C Trace Context,
    /// 3.2). Of versions to come the first four fields count.
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace_id = hex(parts.next()?, 32)?;
        let span_id = u64::try_from(hex(parts.next()?, 16)?).ok()?;
        let flags = hex(parts.next()?, 2)?;
        let more = parts.next().is_some();
        let known = version != 0xff && !(version == 0 && more);
        (known && trace_id != 0 && span_id != 0).then_some(Self {
            trace_id,
            span_id,
            sampled: flags & 1 == 1,
        })
    }

    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let fits = text.len() == digits && text.bytes().all(lower_hex);
    u128::from_str_radix(text, 16).ok().filter(|_| fits)
}

/// As `traceparent`.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace_id,
            span_id,
            sampled,
        } = self;
        write!(
            f,
            "00-{trace_id:032x}-{span_id:016x}-{:02x}",
            u8::from(*sampled)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SequentialIds;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn takes_over_a_well_formed_trace_only() {
        assert_eq!(Trace::parse(GOOD).unwrap().to_string(), GOOD);
        let later = format!("cc{}-what-ever", &GOOD[2..]);
        assert_eq!(Trace::parse(&later).unwrap().to_string(), GOOD);
        for bad in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "nonsense",
            "",
        ] {
            assert_eq!(Trace::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_step_stays_in_its_trace_under_an_id_of_its_own() {
        let ids = SequentialIds::default();
        let step = Trace::step(Trace::parse(GOOD), &ids).to_string();
        assert_eq!(
            step,
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01"
        );
        let begun = Trace::step(None, &ids).to_string();
        assert_eq!(
            begun,
            "00-00000000000000000000000000000003-0000000000000002-00"
        );
    }
}
