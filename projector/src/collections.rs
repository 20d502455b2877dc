use mongodb::IndexModel;
use read_models::{Generation, HeldBack, ReadDatabase};

use crate::{OrderProjection, Projection, ProjectorError};

/// The collections of a generation of such a projection, with their indexes: the documents, and
/// the totals over them.
pub fn collections<P: OrderProjection>(generation: &Generation) -> Vec<(String, Vec<IndexModel>)> {
    let mut indexes = P::indexes();
    indexes.push(HeldBack::index());
    let totals = P::totals().iter();
    std::iter::once((generation.collection.clone(), indexes))
        .chain(totals.map(|total| (total.collection(generation), total.indexes())))
        .collect()
}

/// Makes what is missing of a generation's collections.
pub async fn create_indexes(
    projection: &dyn Projection,
    database: &ReadDatabase,
    generation: &Generation,
) -> Result<(), ProjectorError> {
    for (collection, indexes) in projection.collections(generation) {
        let collection = database
            .database()
            .collection::<bson::Document>(&collection);
        collection.create_indexes(indexes).await?;
    }
    Ok(())
}
