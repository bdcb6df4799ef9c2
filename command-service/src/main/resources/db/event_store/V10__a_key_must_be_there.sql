-- A key is committed before the first event under it, so a failover between the two can lose it
-- while an instance still remembers it. What was sealed under it then nobody could open.
CREATE OR REPLACE FUNCTION event_store.check_subject_keys(p_keys text[]) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(p_keys) > 0 THEN
    IF (SELECT count(*) FROM event_store.subject_key
        WHERE key_id = ANY (p_keys) AND destroyed_at IS NULL) < cardinality(p_keys) THEN
      RAISE integrity_constraint_violation USING CONSTRAINT = 'subject_key_is_there',
        MESSAGE = 'a text is sealed under a key that was destroyed, or that is not there';
    END IF;
  END IF;
  RETURN (SELECT coalesce(max(erasure), 0) FROM event_store.subject_key);
END
$$;
