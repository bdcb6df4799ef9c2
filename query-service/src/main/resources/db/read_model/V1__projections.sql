-- What the read models are built by. The tables of a read model itself come as templates
-- (read_model.<table>_template); each generation is a copy, and the view read_model.<table> shows
-- the one that serves.

CREATE TABLE read_model.projection (
  name                text        PRIMARY KEY,
  live_generation     integer     NOT NULL,
  switched_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  building_generation integer     CHECK (building_generation > live_generation),
  building_since      timestamptz
);

-- Committed together with the rows of the read model. A segment is owned by an instance for as long
-- as that one is seen.
CREATE TABLE read_model.projection_token (
  projection text    NOT NULL,
  generation integer NOT NULL,
  segment    integer NOT NULL,
  position   bigint  NOT NULL,
  owner      text,
  error      text,
  PRIMARY KEY (projection, generation, segment)
) WITH (fillfactor = 50);

CREATE TABLE read_model.instance (
  id      text        PRIMARY KEY,
  seen_at timestamptz NOT NULL
);

-- Events that a generation could not handle, and those of the same agent that wait behind them. The
-- events themselves stay in the event store.
CREATE TABLE read_model.dead_letter (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  projection  text        NOT NULL,
  generation  integer     NOT NULL,
  sequence    text        NOT NULL,
  position    bigint      NOT NULL,
  event_type  text        NOT NULL,
  cause       text        NOT NULL,
  enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT dead_letter_sequence UNIQUE (projection, generation, sequence, position)
);
