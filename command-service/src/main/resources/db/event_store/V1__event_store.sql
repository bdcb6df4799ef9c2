-- The event store: the only source of truth.
--
-- Positions are drawn inside an advisory transaction lock that is released only when the commit is
-- visible. So the order of positions is the order in which events become visible, on any number of
-- instances: who has seen position p never later finds an event at or below p. Nothing but
-- event_store.append may write events.

CREATE TABLE event_store.tenant (
  tenant_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name      text NOT NULL CONSTRAINT tenant_name UNIQUE
);

-- Names are forever; a new revision is a new row.
CREATE TABLE event_store.event_type (
  type_id  smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name     text     NOT NULL,
  revision smallint NOT NULL CHECK (revision > 0),
  CONSTRAINT event_type_name UNIQUE (name, revision)
);

CREATE SEQUENCE event_store.stream_number AS bigint;

-- One row for each aggregate; key is the agent's id within its tenant.
CREATE TABLE event_store.stream (
  stream_id bigint  PRIMARY KEY,
  tenant_id integer NOT NULL,
  key       text    NOT NULL,
  CONSTRAINT stream_key UNIQUE (tenant_id, key)
);

CREATE SEQUENCE event_store.event_position AS bigint;

-- Fixed-width columns first. The primary key is the position alone and nothing refers to it by a
-- foreign key, so that the table can be partitioned by ranges of positions; event_stream_version
-- then moves to a column of stream, which the lock makes just as safe.
CREATE TABLE event_store.event (
  position      bigint      PRIMARY KEY,
  stream_id     bigint      NOT NULL,
  version       bigint      NOT NULL CHECK (version >= 0),
  time          timestamptz NOT NULL,
  event_id      uuid        NOT NULL,
  tenant_id     integer     NOT NULL,
  type_id       smallint    NOT NULL,
  payload_hash  bytea       NOT NULL CHECK (length(payload_hash) = 32),
  previous_leaf bytea       NOT NULL CHECK (length(previous_leaf) = 32),
  leaf          bytea       NOT NULL CHECK (length(leaf) = 32),
  metadata      bytea       NOT NULL,
  CONSTRAINT event_stream_version UNIQUE (stream_id, version)
);

CREATE INDEX event_tenant_position ON event_store.event (tenant_id, position);

-- Apart from the event, so that it can be erased while the event's hash chain stays verifiable.
CREATE TABLE event_store.event_payload (
  position bigint PRIMARY KEY,
  salt     bytea  NOT NULL,
  payload  bytea  NOT NULL
);

-- The first answer to each idempotency key, also when it was a refusal.
CREATE TABLE event_store.command_receipt (
  tenant_id   integer     NOT NULL,
  subject     text        NOT NULL,
  key         text        NOT NULL,
  fingerprint text        NOT NULL,
  position    bigint      NOT NULL,
  answer      bytea       NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT command_receipt_key PRIMARY KEY (tenant_id, subject, key)
);

CREATE INDEX command_receipt_created_at ON event_store.command_receipt (created_at);

CREATE FUNCTION event_store.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of event_store.% is refused: events are never changed', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER event_is_forever BEFORE UPDATE OR DELETE OR TRUNCATE ON event_store.event
  FOR EACH STATEMENT EXECUTE FUNCTION event_store.refuse_change();
CREATE TRIGGER stream_is_forever BEFORE UPDATE OR DELETE OR TRUNCATE ON event_store.stream
  FOR EACH STATEMENT EXECUTE FUNCTION event_store.refuse_change();
CREATE TRIGGER event_type_is_forever BEFORE UPDATE OR DELETE OR TRUNCATE ON event_store.event_type
  FOR EACH STATEMENT EXECUTE FUNCTION event_store.refuse_change();
CREATE TRIGGER tenant_is_forever BEFORE UPDATE OR DELETE OR TRUNCATE ON event_store.tenant
  FOR EACH STATEMENT EXECUTE FUNCTION event_store.refuse_change();
CREATE TRIGGER payload_is_erased_or_kept BEFORE UPDATE OR TRUNCATE ON event_store.event_payload
  FOR EACH STATEMENT EXECUTE FUNCTION event_store.refuse_change();

-- The number of a tenant, which gets one when it is first seen.
CREATE FUNCTION event_store.tenant_number(p_name text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  number integer;
BEGIN
  LOOP
    SELECT tenant_id INTO number FROM event_store.tenant WHERE name = p_name;
    IF FOUND THEN
      RETURN number;
    END IF;
    INSERT INTO event_store.tenant (name) VALUES (p_name) ON CONFLICT DO NOTHING;
  END LOOP;
END
$$;

-- The number of an event type, which gets one when it is first seen.
CREATE FUNCTION event_store.event_type_number(p_name text, p_revision smallint)
RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
  number smallint;
BEGIN
  LOOP
    SELECT type_id INTO number FROM event_store.event_type
      WHERE name = p_name AND revision = p_revision;
    IF FOUND THEN
      RETURN number;
    END IF;
    INSERT INTO event_store.event_type (name, revision) VALUES (p_name, p_revision)
      ON CONFLICT DO NOTHING;
  END LOOP;
END
$$;

-- Appends what any number of commands decided: all or nothing.
--
--   p_new_*      one element for each stream that begins here
--   p_stream_ids … p_payloads   one element for each event, in order; stream -k is the k-th new one;
--                times are microseconds since 1970
--   p_receipt_*  one element for each idempotency key; its position is that of the p_receipt_events-th
--                event of this call, or p_receipt_positions where that is null
--   p_receipt_hours  a receipt older than this no longer counts
--
-- Event i (from 1) gets the position first_position + i - 1, new stream k the id first_stream + k - 1.
-- Fails with unique_violation on event_stream_version, stream_key or command_receipt_key.
CREATE FUNCTION event_store.append(
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
  OUT first_position bigint,
  OUT first_stream bigint
) LANGUAGE plpgsql AS $$
DECLARE
  new_streams integer := cardinality(p_new_keys);
  events integer := cardinality(p_versions);
  receipts integer := cardinality(p_receipt_keys);
  written integer;
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
    first_position := nextval('event_store.event_position');
    IF events > 1 THEN
      PERFORM setval('event_store.event_position', first_position + events - 1);
    END IF;
    INSERT INTO event_store.event (position, stream_id, version, time, event_id, tenant_id, type_id,
        payload_hash, previous_leaf, leaf, metadata)
      SELECT first_position + e.number - 1,
        CASE WHEN e.stream_id > 0 THEN e.stream_id ELSE first_stream - e.stream_id - 1 END,
        e.version, timestamptz 'epoch' + e.time * interval '1 microsecond', e.event_id, e.tenant_id,
        e.type_id, e.payload_hash, e.previous_leaf, e.leaf, e.metadata
      FROM unnest(p_stream_ids, p_tenants, p_versions, p_event_ids, p_types, p_times, p_metadata,
          p_payload_hashes, p_previous_leaves, p_leaves) WITH ORDINALITY
        AS e (stream_id, tenant_id, version, event_id, type_id, time, metadata, payload_hash,
          previous_leaf, leaf, number);
    INSERT INTO event_store.event_payload (position, salt, payload)
      SELECT first_position + p.number - 1, p.salt, p.payload
      FROM unnest(p_salts, p_payloads) WITH ORDINALITY AS p (salt, payload, number);
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

-- What readers may rely on. payload is null once it has been erased. It is a subquery and no join, so
-- that no plan reads the payloads of events from the beginning.
CREATE VIEW event_store.recorded_event AS
  SELECT e.position, t.name AS tenant, s.key AS agent_id, e.version, e.event_id, y.name AS type,
    y.revision, e.time, e.metadata,
    (SELECT p.payload FROM event_store.event_payload p WHERE p.position = e.position) AS payload
  FROM event_store.event e
  JOIN event_store.stream s ON s.stream_id = e.stream_id
  JOIN event_store.tenant t ON t.tenant_id = e.tenant_id
  JOIN event_store.event_type y ON y.type_id = e.type_id;
