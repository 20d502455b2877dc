use std::fmt::Write as _;

/// Parameters before those of the first state table.
const COMMON: usize = 14;
/// Parameters of each state table.
const OF_TABLE: usize = 4;

/// Writes a decision over several streams, if all of them are where they were read, with the events
/// it comes from. It answers whether they were.
///
/// The state rows that exist are locked in the order given: by table, then by id, in every process.
/// What is not there yet, a new stream or the event's place in the inbox, is guarded by its primary
/// key, which fails the whole statement. New state rows go before the rows of their events, hence
/// the counts: positions are drawn when nobody else can append, so they ascend with the
/// version. (Rows that move were locked, so their DO UPDATE always meets them.)
pub fn statement(tables: &[&str]) -> String {
    let mut sql = String::from("WITH ");
    let mut current = Vec::new();
    let mut created = Vec::new();
    for (k, table) in tables.iter().enumerate() {
        let [ids, expected, versions, states] =
            std::array::from_fn(|at| COMMON + OF_TABLE * k + at + 1);
        // Writing to a String cannot fail.
        let _ = write!(
            sql,
            "head_{k} AS MATERIALIZED (
                 SELECT c.*, coalesce(head.version, 0) = c.expected AS current
                 FROM unnest(${ids}::text[], ${expected}::bigint[], ${versions}::bigint[],
                             ${states}::text[]) WITH ORDINALITY
                      AS c (id, expected, version, state, number)
                 LEFT JOIN LATERAL (
                     SELECT s.version FROM {table} s WHERE s.id = c.id FOR UPDATE
                 ) head ON true
             ),"
        );
        current.push(format!("SELECT current FROM head_{k}"));
        created.push(format!(
            "AND (SELECT count(*) FROM created_{k}) IS NOT NULL"
        ));
    }
    let _ = write!(
        sql,
        "admitted AS MATERIALIZED (SELECT bool_and(current) AS yes FROM ({}) AS heads),",
        current.join(" UNION ALL ")
    );
    for (k, table) in tables.iter().enumerate() {
        let _ = write!(
            sql,
            "created_{k} AS (
                 INSERT INTO {table} (id, version, state)
                 SELECT id, version, state::json FROM head_{k}, admitted
                 WHERE yes AND expected = 0 ORDER BY number
                 RETURNING 1
             ),
             moved_{k} AS (
                 INSERT INTO {table} (id, version, state)
                 SELECT id, version, state::json FROM head_{k}, admitted
                 WHERE yes AND expected > 0
                 ON CONFLICT (id) DO UPDATE
                 SET version = excluded.version, state = excluded.state, updated_at = now()
             ),"
        );
    }
    let _ = write!(
        sql,
        "rows AS MATERIALIZED (
             SELECT nextval('outbox_position_seq') AS position, r.*
             FROM (
                 SELECT r.*
                 FROM unnest($3::text[], $4::text[], $5::text[], $6::smallint[], $7::bigint[],
                             $8::text[], $9::text[], $10::text[], $11::text[], $12::uuid[],
                             $13::text[], $14::text[]) WITH ORDINALITY
                      AS r (aggregate_type, stream, topic, slot, version, event_type,
                            event_version, payload, metadata, id, published, headers, number),
                      admitted
                 WHERE yes {}
                 ORDER BY r.number
             ) AS r
         ),
         noted AS (
             INSERT INTO processed_events (consumer, event_id)
             SELECT $1, seen.id FROM unnest($2::uuid[]) AS seen (id), admitted WHERE yes
         ),
         appended AS (
             INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                 payload, metadata, position)
             SELECT aggregate_type, stream, version, event_type, event_version, payload::json,
                    metadata::json, position
             FROM rows
         ),
         queued AS (
             INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload, position, slot,
                                 topic, version, headers)
             OVERRIDING SYSTEM VALUE
             SELECT id, aggregate_type, stream, event_type, published::json, position, slot, topic,
                    version, headers::json
             FROM rows
         )
         SELECT yes FROM admitted",
        created.join(" ")
    );
    sql
}
