-- As before, with less to do for each call: the statements keep their plans, and subject keys are looked
-- for only where there are some.

-- Appends what any number of commands decided: all or nothing.
--
--   p_new_*      one element for each stream that begins here
--   p_stream_ids … p_payloads   one element for each event, in order; stream -k is the k-th new one;
--                times are microseconds since 1970
--   p_receipt_*  one element for each idempotency key; its position is that of the p_receipt_events-th
--                event of this call, or p_receipt_positions where that is null
--   p_receipt_hours  a receipt older than this no longer counts
--   p_previous_positions  of the event before each one in its stream; 0 where that is in this call, or
--                there is none; where it is null, all partitions are searched for a conflict
--
-- Event i (from 1) gets the position first_position + i - 1, new stream k the id first_stream + k - 1.
-- Readers are woken at the commit, by NOTIFY skreaver_events, '<last position>'; they look by themselves
-- now and then, so a lost one costs only time.
-- Fails with unique_violation on event_stream_version (event_<first position>_stream_version within a
-- partition), stream_key or command_receipt_key; with not_null_violation where a salt or a payload is
-- missing.
CREATE OR REPLACE FUNCTION event_store.append(
  p_new_tenants integer[],
  p_new_keys text[],
  p_stream_ids bigint[],
  p_tenants integer[],
  p_versions bigint[],
  p_event_ids uuid[],
  p_types smallint[],
  p_times bigint[],
  p_metadata bytea[],
  p_payload_hashes bytea[],
  p_previous_leaves bytea[],
  p_leaves bytea[],
  p_salts bytea[],
  p_payloads bytea[],
  p_receipt_tenants integer[] DEFAULT '{}',
  p_receipt_subjects text[] DEFAULT '{}',
  p_receipt_keys text[] DEFAULT '{}',
  p_receipt_fingerprints text[] DEFAULT '{}',
  p_receipt_events integer[] DEFAULT '{}',
  p_receipt_positions bigint[] DEFAULT '{}',
  p_receipt_answers bytea[] DEFAULT '{}',
  p_receipt_hours integer DEFAULT 24,
  p_previous_positions bigint[] DEFAULT NULL,
  OUT first_position bigint,
  OUT first_stream bigint
) LANGUAGE plpgsql
-- The server takes a series of unknown length for a thousand rows, so it would plan the insert anew for
-- each call, with the length known: that takes as long as some events take.
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  new_streams integer := cardinality(p_new_keys);
  events integer := cardinality(p_versions);
  receipts integer := cardinality(p_receipt_keys);
  written integer;
  last_written bigint;
  partition_start bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(8316866916622165362); -- 'skreaver' in ASCII

  IF new_streams > 0 THEN
    first_stream := nextval('event_store.stream_number');
    IF new_streams > 1 THEN
      PERFORM setval('event_store.stream_number', first_stream + new_streams - 1);
    END IF;
    INSERT INTO event_store.stream (stream_id, tenant_id, key)
      SELECT first_stream + n.number - 1, n.tenant_id, n.key
      FROM unnest(p_new_tenants, p_new_keys) WITH ORDINALITY AS n (tenant_id, key, number);
  END IF;

  IF events > 0 THEN
    -- No constraint of the table can say so: an event may lose both later.
    IF cardinality(p_salts) <> events OR array_position(p_salts, NULL::bytea) > 0
        OR cardinality(p_payloads) <> events OR array_position(p_payloads, NULL::bytea) > 0 THEN
      RAISE not_null_violation USING MESSAGE = 'an event needs a salt and a payload';
    END IF;
    first_position := nextval('event_store.event_position');
    last_written := first_position;
    IF events > 1 THEN
      last_written := setval('event_store.event_position', first_position + events - 1);
    END IF;
    SELECT p.first_position INTO partition_start FROM event_store.partition p
      WHERE p.last_position >= last_written ORDER BY p.last_position LIMIT 1;
    IF NOT FOUND THEN
      -- The command service makes partitions ahead of need; this is for when it did not.
      PERFORM event_store.make_room(last_written);
      SELECT max(p.first_position) INTO partition_start FROM event_store.partition p;
    END IF;
    -- Sets in the list of what is selected go through no store of tuples, as those after FROM do.
    INSERT INTO event_store.event (position, stream_id, version, time, event_id, tenant_id, type_id,
        payload_hash, previous_leaf, leaf, metadata, salt, payload)
      SELECT e.position,
        CASE WHEN e.stream_id > 0 THEN e.stream_id ELSE first_stream - e.stream_id - 1 END,
        e.version, timestamptz 'epoch' + e.time * interval '1 microsecond', e.event_id, e.tenant_id,
        e.type_id, e.payload_hash, e.previous_leaf, e.leaf, e.metadata, e.salt, e.payload
      FROM (SELECT generate_series(first_position, last_written) AS position,
          unnest(p_stream_ids) AS stream_id, unnest(p_tenants) AS tenant_id,
          unnest(p_versions) AS version, unnest(p_event_ids) AS event_id, unnest(p_types) AS type_id,
          unnest(p_times) AS time, unnest(p_metadata) AS metadata,
          unnest(p_payload_hashes) AS payload_hash, unnest(p_previous_leaves) AS previous_leaf,
          unnest(p_leaves) AS leaf, unnest(p_salts) AS salt, unnest(p_payloads) AS payload) AS e;

    -- What follows on an event of this partition could only conflict with a later event, and that is
    -- in this partition too, whose unique constraint has refused it. So only the first event of a
    -- stream in a partition needs a look at the partitions before.
    IF p_previous_positions IS NULL
        OR partition_start > ANY (array_remove(p_previous_positions, 0::bigint)) THEN
      IF EXISTS (
        SELECT FROM unnest(p_stream_ids, p_versions, p_previous_positions)
          AS e (stream_id, version, previous)
        WHERE e.stream_id > 0
          AND (e.previous IS NULL OR e.previous BETWEEN 1 AND partition_start - 1)
          AND ((SELECT count(*) FROM event_store.event o
              WHERE o.stream_id = e.stream_id AND o.version = e.version) > 1
            OR EXISTS (SELECT FROM event_store.archived_stream a
              WHERE a.stream_id = e.stream_id AND a.version >= e.version)))
      THEN
        RAISE unique_violation USING CONSTRAINT = 'event_stream_version',
          MESSAGE = 'an event of this version is in an earlier partition';
      END IF;
    END IF;

    -- In this transaction, because one of its own for every group costs more than the lock that a
    -- notification takes during the commit: the appends hold one already.
    PERFORM pg_notify('skreaver_events', last_written::text);
  END IF;

  IF receipts > 0 THEN
    INSERT INTO event_store.command_receipt AS kept
        (tenant_id, subject, key, fingerprint, position, answer)
      SELECT r.tenant_id, r.subject, r.key, r.fingerprint,
        COALESCE(first_position + r.event - 1, r.position), r.answer
      FROM unnest(p_receipt_tenants, p_receipt_subjects, p_receipt_keys, p_receipt_fingerprints,
          p_receipt_events, p_receipt_positions, p_receipt_answers)
        AS r (tenant_id, subject, key, fingerprint, event, position, answer)
      ON CONFLICT ON CONSTRAINT command_receipt_key DO UPDATE
        SET fingerprint = excluded.fingerprint, position = excluded.position,
          answer = excluded.answer, created_at = excluded.created_at
        WHERE kept.created_at < excluded.created_at - make_interval(hours => p_receipt_hours);
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < receipts THEN
      RAISE unique_violation USING CONSTRAINT = 'command_receipt_key',
        MESSAGE = 'an idempotency key has been used already';
    END IF;
  END IF;
END
$$;

-- Refuses what was sealed under a destroyed key; else says where the last erasure stands, for those
-- that remember keys. To be called after event_store.append in its transaction: destruction waits
-- for the same lock.
CREATE OR REPLACE FUNCTION event_store.check_subject_keys(p_keys text[]) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(p_keys) > 0 THEN
    IF EXISTS (SELECT FROM event_store.subject_key
        WHERE key_id = ANY (p_keys) AND destroyed_at IS NOT NULL) THEN
      RAISE integrity_constraint_violation USING CONSTRAINT = 'subject_key_is_there',
        MESSAGE = 'a text is sealed under a key that was destroyed';
    END IF;
  END IF;
  RETURN (SELECT coalesce(max(erasure), 0) FROM event_store.subject_key);
END
$$;
