-- A read model has a version: what its tables are and what the projection writes into them. Releases
-- with different versions run side by side, each with generations of its own; the numbers of the
-- generations are drawn across the versions, so that their tables have different names.
ALTER TABLE read_model.projection
  ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version > 0),
  ADD COLUMN used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN paused boolean NOT NULL DEFAULT false,
  ADD COLUMN events_per_second integer CHECK (events_per_second > 0),
  ALTER COLUMN live_generation DROP NOT NULL,
  DROP CONSTRAINT projection_pkey,
  ADD PRIMARY KEY (name, version);

COMMENT ON COLUMN read_model.projection.live_generation IS
  'null until the first generation of a version that came beside another one is complete';
COMMENT ON COLUMN read_model.projection.used_at IS
  'when an instance of a release with this version was last seen, to the minute';
COMMENT ON COLUMN read_model.projection.paused IS 'whether the building of a generation waits';
COMMENT ON COLUMN read_model.projection.events_per_second IS 'how fast a generation may be built';

-- The versions that an instance handles, as 'agent:1': segments are shared among those that do.
ALTER TABLE read_model.instance ADD COLUMN handles text[] NOT NULL DEFAULT '{}';
