/// Offsets of one partition, in the order they were read: runs without a gap, first and last.
#[derive(Default)]
pub(super) struct Offsets(Vec<(i64, i64)>);

impl Offsets {
    pub fn add(&mut self, offset: i64) {
        match self.0.last_mut() {
            Some((_, last)) if *last + 1 == offset => *last = offset,
            _ => self.0.push((offset, offset)),
        }
    }

    pub fn has(&self, offset: i64) -> bool {
        let behind = self.0.partition_point(|(first, _)| *first <= offset);
        let run = behind.checked_sub(1).map(|run| self.0[run]);
        run.is_some_and(|(_, last)| offset <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_not_there() {
        let mut offsets = Offsets::default();
        for offset in [3, 4, 5, 8, 9] {
            offsets.add(offset);
        }
        let there: Vec<i64> = (0..12).filter(|offset| offsets.has(*offset)).collect();
        assert_eq!(there, [3, 4, 5, 8, 9]);
        assert!(!Offsets::default().has(0));
    }
}
