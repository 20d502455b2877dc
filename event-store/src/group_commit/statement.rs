/// Judges commands, each alone, and writes what goes through: state row, events, outbox rows and
/// idempotency key, in one statement, which is one transaction.
///
/// The state rows that exist are locked in the order given, which is by stream in every process;
/// then a command is admitted if its stream is at the version it expects and nobody has its key.
/// What cannot be locked because it is not there yet (a new stream, a new key) is guarded by a
/// unique constraint, which fails the whole statement. Nothing may be skipped on a conflict: half a
/// command would be committed. (A state row that moves was locked, so its DO UPDATE always meets it;
/// an UPDATE would have to join.) Positions are drawn after the locks, so they ascend with the
/// version.
///
/// New state rows go before the rows of their events, hence the count: a command that goes alone
/// does it in this order, and Postgres would run the parts from the last to the first. Two that
/// create the same stream would wait for each other.
///
/// Tables are reached by subqueries, one lookup a row, and never joined: `Database` switches nested
/// loops off for this statement, so that its own rows are hashed. A deleted key's place must be
/// free before the new one comes, hence the count.
///
/// $3 bounds the wait for each lock. It answers with the commands that were not admitted.
pub fn statement(state_table: &str, keyed: bool) -> String {
    let (columns, names, lookup, expired, free) = if keyed {
        (
            KEY_COLUMNS,
            KEY_NAMES,
            KEY_LOOKUP,
            "k.place",
            "k.alive IS NOT TRUE",
        )
    } else {
        ("", "", "", "NULL::tid", "true")
    };
    let keys = if keyed { KEYS } else { "" };
    format!(
        "WITH given AS MATERIALIZED (
             SELECT c.*
             FROM unnest($4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
                         $9::smallint[]{columns}) WITH ORDINALITY
                  AS c (stream, expected, version, state, metadata, slot{names}, number)
             WHERE (SELECT set_config('lock_timeout', $3, true)) IS NOT NULL
         ),
         judged AS MATERIALIZED (
             SELECT c.*, coalesce(head.version, 0) = c.expected AS current, {free} AS free,
                    {expired} AS expired
             FROM given c
             LEFT JOIN LATERAL (
                 SELECT s.version FROM {state_table} s WHERE s.id = c.stream FOR UPDATE
             ) head ON true {lookup}
         ),
         admitted AS MATERIALIZED (
             SELECT * FROM judged WHERE current AND free
         ),
         created AS (
             INSERT INTO {state_table} (id, version, state)
             SELECT stream, version, state::json FROM admitted WHERE expected = 0 ORDER BY number
             RETURNING 1
         ),
         rows AS MATERIALIZED (
             SELECT nextval('outbox_position_seq') AS position, r.*
             FROM (
                 SELECT a.stream, a.slot, a.metadata, r.*
                 FROM unnest($10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::text[],
                             $15::uuid[], $16::text[], $17::text[])
                      AS r (number, version, event_type, event_version, payload, id, published,
                            headers)
                 JOIN admitted a ON a.number = r.number
                 WHERE (SELECT count(*) FROM created) IS NOT NULL
                 ORDER BY r.number, r.version
             ) AS r
         ),
         moved AS (
             INSERT INTO {state_table} (id, version, state)
             SELECT stream, version, state::json FROM admitted WHERE expected > 0
             ON CONFLICT (id) DO UPDATE
             SET version = excluded.version, state = excluded.state, updated_at = now()
         ),
         appended AS (
             INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                 payload, metadata, position)
             SELECT $1, stream, version, event_type, event_version, payload::json, metadata::json,
                    position
             FROM rows
         ),
         queued AS (
             INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload, position, slot,
                                 topic, version, headers)
             OVERRIDING SYSTEM VALUE
             SELECT id, $1, stream, event_type, published::json, position, slot, $2, version,
                    headers::json
             FROM rows
         ){keys}
         SELECT number, free FROM judged WHERE NOT (current AND free)"
    )
}

const KEY_COLUMNS: &str =
    ", $18::text[], $19::text[], $20::bytea[], $21::smallint[], $22::text[], $23::bytea[],
                         $24::float8[]";

const KEY_NAMES: &str = ", caller, key, fingerprint, status, headers, body, kept_for";

const KEY_LOOKUP: &str = "
             LEFT JOIN LATERAL (
                 SELECT i.ctid AS place, i.expires_at > now() AS alive FROM idempotency_keys i
                 WHERE i.caller = c.caller AND i.key = c.key OFFSET 0
             ) k ON true";

const KEYS: &str = ",
         forgotten AS (
             DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(SELECT expired FROM admitted))
             RETURNING 1
         ),
         kept AS (
             INSERT INTO idempotency_keys (caller, key, fingerprint, status, headers, body,
                                           expires_at)
             SELECT caller, key, fingerprint, status, headers::json, body,
                    now() + kept_for * interval '1 s'
             FROM admitted
             WHERE key IS NOT NULL AND (SELECT count(*) FROM forgotten) IS NOT NULL
             ORDER BY caller, key
         )";
