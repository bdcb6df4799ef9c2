-- How far some segments of a generation have come: the last statement of the transaction that holds
-- their rows. It refuses when a segment belongs to another instance by now, or is not where the
-- caller believes it to be; then nothing of the transaction remains.
--
-- The commit does not wait for the disk. When the server crashes, the last commits may be gone, rows
-- and positions alike, and are made again from the events; see docs/adr/0020.
CREATE FUNCTION read_model.advance(
  of_projection text, of_generation integer, by_owner text,
  of_segments integer[], from_positions bigint[], to_position bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  advanced integer;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  -- In the order in which a switch locks them.
  PERFORM FROM read_model.projection_token
    WHERE projection = of_projection AND generation = of_generation AND segment = ANY(of_segments)
    ORDER BY segment FOR UPDATE;
  UPDATE read_model.projection_token AS token SET position = to_position, error = NULL
    FROM unnest(of_segments, from_positions) AS known (segment, position)
    WHERE token.projection = of_projection AND token.generation = of_generation
      AND token.segment = known.segment AND token.owner = by_owner
      AND token.position = known.position AND token.position <= to_position;
  GET DIAGNOSTICS advanced = ROW_COUNT;
  IF advanced <> cardinality(of_segments) THEN
    RAISE EXCEPTION 'of segments % of %:%, % are not where % left them',
      of_segments, of_projection, of_generation, cardinality(of_segments) - advanced, by_owner
      USING ERRCODE = 'SK001';
  END IF;
END
$$;

-- For statements that find, after they have written, that it should not be.
CREATE FUNCTION read_model.refuse(reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', reason;
END
$$;
