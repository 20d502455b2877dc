/// The statement of a command that goes alone and brings no key: the same rows and the same
/// judgement as the others', without what it takes to tell several commands apart, which would be a
/// quarter of the work.
///
/// The state row goes first and admits the rest: an insert for a new stream (its primary key turns
/// a race into a unique violation), else an update that matches the expected version only. Positions
/// are drawn after that row is locked, so they ascend with the version. $3 bounds the
/// wait for the lock. It answers with how many commands were admitted: one or none.
pub fn statement(state_table: &str, new: bool) -> String {
    const BOUNDED: &str = "(SELECT set_config('lock_timeout', $3, true)) IS NOT NULL";
    let head = if new {
        format!(
            "INSERT INTO {state_table} (id, version, state)
             SELECT $4, $6, $7::text::json WHERE $5::bigint = 0 AND {BOUNDED} RETURNING 1"
        )
    } else {
        format!(
            "UPDATE {state_table} SET version = $6, state = $7::text::json, updated_at = now()
             WHERE id = $4 AND version = $5 AND {BOUNDED} RETURNING 1"
        )
    };
    format!(
        "WITH head AS ({head}),
         rows AS MATERIALIZED (
             SELECT nextval('outbox_position_seq') AS position, r.*
             FROM (
                 SELECT r.*
                 FROM head, unnest($10::bigint[], $11::text[], $12::text[], $13::text[],
                                   $14::uuid[], $15::text[], $16::text[])
                      AS r (version, event_type, event_version, payload, id, published, headers)
                 ORDER BY r.version
             ) AS r
         ),
         appended AS (
             INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                 payload, metadata, position)
             SELECT $1, $4, version, event_type, event_version, payload::json, $8::text::json,
                    position
             FROM rows
         ),
         queued AS (
             INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload, position,
                                 slot, topic, version, headers)
             OVERRIDING SYSTEM VALUE
             SELECT id, $1, $4, event_type, published::json, position, $9, $2, version,
                    headers::json
             FROM rows
         )
         SELECT count(*) FROM head"
    )
}
