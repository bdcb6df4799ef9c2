-- Partitions that are in files only. Their positions have no events here.
CREATE TABLE event_store.archive (
  first_position bigint      PRIMARY KEY,
  last_position  bigint      NOT NULL,
  events         bigint      NOT NULL,
  sha256         text        NOT NULL,
  detached_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far streams have been archived: a version up to there is taken, though no event here says so.
CREATE TABLE event_store.archived_stream (
  stream_id bigint  PRIMARY KEY,
  version   bigint  NOT NULL,
  ended     boolean NOT NULL
);
