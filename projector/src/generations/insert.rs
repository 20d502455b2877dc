use std::collections::HashSet;

use bson::{RawArrayBuf, RawDocumentBuf, rawdoc};
use read_models::{Generation, ReadDatabase};

use super::filler::Folded;
use crate::ProjectorError;
use crate::bulk_command::{LARGE_COMMAND, write_errors};

/// Inserts documents where most likely none are, which costs less than guarded upserts. Returns
/// those that were not inserted, for whatever reason.
pub(super) async fn insert(
    database: &ReadDatabase,
    generation: &Generation,
    folded: Vec<Folded>,
) -> Result<Vec<Folded>, ProjectorError> {
    let mut left = Vec::new();
    let (mut waiting, mut documents, mut bytes) = (Vec::new(), Vec::new(), 0);
    for one in folded {
        let document = one.document.clone();
        let size = document.as_bytes().len();
        if bytes + size > LARGE_COMMAND && !documents.is_empty() {
            let documents = std::mem::take(&mut documents);
            let waiting = std::mem::take(&mut waiting);
            left.extend(send(database, generation, waiting, documents).await?);
            bytes = 0;
        }
        bytes += size;
        documents.push(document);
        waiting.push(one);
    }
    if !documents.is_empty() {
        left.extend(send(database, generation, waiting, documents).await?);
    }
    Ok(left)
}

async fn send(
    database: &ReadDatabase,
    generation: &Generation,
    folded: Vec<Folded>,
    documents: Vec<RawDocumentBuf>,
) -> Result<Vec<Folded>, ProjectorError> {
    let mut array = RawArrayBuf::new();
    for document in documents {
        array.push(document);
    }
    let command = rawdoc! {
        "insert": generation.collection.as_str(),
        "documents": array,
        "ordered": false,
        "writeConcern": { "w": "majority", "j": true },
    };
    let answer = database.database().run_raw_command(command).await?;
    let failed: HashSet<usize> = write_errors(&answer)?
        .into_iter()
        .map(|(index, ..)| index)
        .collect();
    let folded = folded.into_iter().enumerate();
    let left = folded.filter(|(index, _)| failed.contains(index));
    Ok(left.map(|(_, one)| one).collect())
}
