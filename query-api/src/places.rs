use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How far a reader is on each partition of the topic: the offset it wants next. What is not named
/// is wanted from its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<i32, i64>);

impl Places {
    pub fn next(&self, partition: i32) -> i64 {
        self.0.get(&partition).copied().unwrap_or(0)
    }

    pub fn set(&mut self, partition: i32, next: i64) {
        self.0.insert(partition, next);
    }

    pub fn iter(&self) -> impl Iterator<Item = (i32, i64)> {
        self.0.iter().map(|(partition, next)| (*partition, *next))
    }
}

/// `0:17,3:4`
impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (partition, next)) in self.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{partition}:{next}")?;
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct NoPlaces;

impl FromStr for Places {
    type Err = NoPlaces;

    fn from_str(text: &str) -> Result<Self, NoPlaces> {
        let mut places = Self::default();
        for place in text.split(',') {
            let (partition, next) = place.split_once(':').ok_or(NoPlaces)?;
            let partition: i32 = partition.parse().map_err(|_| NoPlaces)?;
            let next: i64 = next.parse().map_err(|_| NoPlaces)?;
            let twice = places.0.insert(partition, next).is_some();
            if partition < 0 || next < 0 || twice {
                return Err(NoPlaces);
            }
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn come_back_from_their_text_and_nothing_else_does() {
        let mut places = Places::default();
        places.set(3, 4);
        places.set(0, 17);
        assert_eq!(places.to_string(), "0:17,3:4");
        assert_eq!("0:17,3:4".parse(), Ok(places.clone()));
        assert_eq!((places.next(3), places.next(1)), (4, 0));
        for other in [
            "", "1", "0:", ":1", "0:1,", "0:-1", "-1:0", "0:1,0:2", "0:x", "0:1 ",
        ] {
            assert_eq!(other.parse::<Places>(), Err(NoPlaces), "{other:?}");
        }
    }
}
