/// The statement of a command that goes alone and brings no key: the same rows and the same
/// judgement as the others', without what it takes to tell several commands apart, which would be a
/// quarter of the work.
///
/// The state row goes first and admits the rest: an insert for a new stream (its primary key turns
/// a race into a unique violation), else an update that matches the expected version only. Outbox
/// positions are drawn after that row is locked, so they ascend with the version. $3 bounds the
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
         appended AS (
             INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                 payload, metadata)
             SELECT $1, $4, e.version, e.event_type, e.event_version, e.payload::json, $8::text::json
             FROM head, unnest($10::bigint[], $11::text[], $12::text[], $13::text[])
                  AS e (version, event_type, event_version, payload)
             ORDER BY e.version
         ),
         queued AS (
             INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload, slot, topic,
                                 version, headers)
             SELECT o.id, $1, $4, o.event_type, o.payload::json, $9, $2, o.version, o.headers::json
             FROM head, unnest($10::bigint[], $11::text[], $14::uuid[], $15::text[], $16::text[])
                  AS o (version, event_type, id, payload, headers)
             ORDER BY o.version
         )
         SELECT count(*) FROM head"
    )
}
