use bson::{Document, RawDocumentBuf};
use futures::TryStreamExt;
use mongodb::Collection;

use crate::cursor::Paging;
use crate::keyset::Keyset;
use crate::query_error::QueryError;

/// What a list is asked for.
pub struct PageQuery {
    pub filter: Document,
    pub keyset: &'static Keyset,
    pub paging: Paging,
    pub limit: u32,
}

/// A page, and where the next one begins; nowhere, where this is the last.
pub struct Page {
    pub found: Vec<RawDocumentBuf>,
    pub next_cursor: Option<String>,
}

impl PageQuery {
    pub async fn run(&self, documents: Collection<RawDocumentBuf>) -> Result<Page, QueryError> {
        let limit = self.limit as usize;
        let found = documents
            .find(self.filter.clone())
            .sort(self.keyset.sort())
            .limit(i64::from(self.limit) + 1);
        let mut found: Vec<RawDocumentBuf> = found.await?.try_collect().await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        Ok(Page {
            next_cursor: last.and_then(|last| self.paging.cursor(last)),
            found,
        })
    }
}
