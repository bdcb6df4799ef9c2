-- Seals: signed states of the tree over all events in order of position, each with what the tree
-- holds of the events since the one before it (docs/adr/0018). The sealer writes them off the path
-- of a commit; they refer to events by nothing but their positions.
CREATE TABLE event_store.checkpoint (
  size           bigint      PRIMARY KEY,
  -- Two checkpoints that follow the same one would be two histories.
  previous_size  bigint      NOT NULL CONSTRAINT checkpoint_previous UNIQUE,
  first_position bigint      NOT NULL,
  position       bigint      NOT NULL CONSTRAINT checkpoint_position UNIQUE,
  time           timestamptz NOT NULL,
  root           bytea       NOT NULL CHECK (length(root) = 32),
  frontier       bytea       NOT NULL,
  -- 48 bytes for each event: position, microseconds since 1970, leaf.
  entries        bytea       NOT NULL,
  note           text        NOT NULL,
  CONSTRAINT checkpoint_grows CHECK (previous_size >= 0 AND size > previous_size
    AND length(entries) = 48 * (size - previous_size))
);

-- Hashes cannot be compressed.
ALTER TABLE event_store.checkpoint ALTER COLUMN entries SET STORAGE EXTERNAL;

CREATE TRIGGER checkpoint_is_forever BEFORE UPDATE OR DELETE OR TRUNCATE ON event_store.checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION event_store.refuse_change();
