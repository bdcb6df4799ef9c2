-- The newest snapshot of each stream that has one. Snapshots are derived: they are no part of the proof,
-- and any of them may be deleted at any time. leaf and position are those of the event at the version,
-- so that an append can follow on it.
CREATE TABLE event_store.snapshot (
  stream_id bigint      PRIMARY KEY,
  version   bigint      NOT NULL,
  position  bigint      NOT NULL,
  leaf      bytea       NOT NULL,
  schema    text        NOT NULL,
  state     bytea       NOT NULL,
  taken_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
