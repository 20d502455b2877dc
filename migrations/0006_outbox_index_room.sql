-- A row is marked once, and then its keys stand in these two indexes twice. In pages filled to the
-- usual nine tenths that second entry makes Postgres look for dead ones, merge and split: half of
-- what marking cost.
ALTER INDEX outbox_pkey SET (fillfactor = 45, deduplicate_items = off);
ALTER INDEX outbox_stream_key SET (fillfactor = 45, deduplicate_items = off);
