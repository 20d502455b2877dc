use axum::body::Bytes;
use sha2::{Digest, Sha256};

/// Tells a command that is sent again from another one under the same key: its path and its body,
/// byte for byte. `If-Match` is no part of it: a caller that read the order before it sent its
/// command again may have a newer ETag, and still means the same command, which may have gone
/// through already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// The path with the id as this API writes it, however the caller did.
    pub fn of(path: &str, body: &Bytes) -> Self {
        // No path has a line's end in it.
        let hash = Sha256::new()
            .chain_update("POST ")
            .chain_update(path)
            .chain_update("\n")
            .chain_update(body);
        Self(hash.finalize().to_vec())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_body_make_it() {
        let of = |path, body| Fingerprint::of(path, &Bytes::from_static(body));
        assert_eq!(of("/a", b"{}"), of("/a", b"{}"));
        assert_ne!(of("/a", b"{}"), of("/b", b"{}"));
        assert_ne!(of("/a", b"{}"), of("/a", b"{ }"));
    }
}
