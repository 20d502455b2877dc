use sha2::{Digest as _, Sha256};

/// Stands for a content: half of a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest([u8; 16]);

impl Digest {
    pub fn of(content: &[u8]) -> Self {
        let whole: [u8; 32] = Sha256::digest(content).into();
        let mut half = [0; 16];
        half.copy_from_slice(&whole[..16]);
        Self(half)
    }
}
