/// A record to be published.
#[derive(Clone, Copy, Debug)]
pub struct OutgoingRecord<'a> {
    pub topic: &'a str,
    pub key: Option<&'a [u8]>,
    pub payload: Option<&'a [u8]>,
    /// Name and value.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// A record as it was read. Everything but its place may be missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingRecord {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}
