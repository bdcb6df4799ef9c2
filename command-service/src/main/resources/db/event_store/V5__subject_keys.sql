-- The keys under which what is personal in events is sealed: one for each subject of a tenant that
-- acted, and another one if it acts again after its erasure. To destroy a key is to erase all that it
-- sealed, in every copy, while no hash changes. The name itself is not here: who knows it finds its
-- key by the digest.

CREATE TABLE event_store.subject_pepper (
  the_only boolean PRIMARY KEY DEFAULT true CHECK (the_only),
  pepper   bytea NOT NULL CHECK (length(pepper) = 32)
);

CREATE TABLE event_store.subject_key (
  key_id       text        PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{16}$'),
  tenant_id    integer     NOT NULL,
  digest       bytea       NOT NULL CHECK (length(digest) = 32),
  key          bytea       CHECK (length(key) = 32),
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  destroyed_at timestamptz,
  erasure      bigint, -- the position of the event that tells of it
  CONSTRAINT subject_key_is_there_or_destroyed CHECK (
    (key IS NULL) = (destroyed_at IS NOT NULL) AND (key IS NULL) = (erasure IS NOT NULL))
);

CREATE UNIQUE INDEX subject_key_in_use ON event_store.subject_key (tenant_id, digest)
  WHERE destroyed_at IS NULL;
CREATE INDEX subject_key_digest ON event_store.subject_key (tenant_id, digest);
CREATE INDEX subject_key_erasure ON event_store.subject_key (erasure) WHERE erasure IS NOT NULL;

CREATE FUNCTION event_store.refuse_key_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.key IS NOT NULL AND NEW.key IS NULL
      AND (NEW.key_id, NEW.tenant_id, NEW.digest, NEW.created_at)
        = (OLD.key_id, OLD.tenant_id, OLD.digest, OLD.created_at) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% of event_store.subject_key is refused: a key can only be destroyed', TG_OP
    USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER key_is_kept_or_destroyed BEFORE UPDATE OR DELETE ON event_store.subject_key
  FOR EACH ROW EXECUTE FUNCTION event_store.refuse_key_change();
CREATE TRIGGER keys_are_kept BEFORE TRUNCATE ON event_store.subject_key
  FOR EACH STATEMENT EXECUTE FUNCTION event_store.refuse_change();
CREATE TRIGGER pepper_is_forever BEFORE UPDATE OR DELETE OR TRUNCATE ON event_store.subject_pepper
  FOR EACH STATEMENT EXECUTE FUNCTION event_store.refuse_change();

-- By what a subject's keys are found. p_subject is the name in UTF-8: it may hold what a text of
-- PostgreSQL cannot.
CREATE FUNCTION event_store.subject_digest(p_tenant text, p_subject bytea) RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT sha256(pepper || convert_to(p_tenant, 'UTF8') || '\x00' || p_subject)
  FROM event_store.subject_pepper
$$;

CREATE FUNCTION event_store.draw_pepper() RETURNS void LANGUAGE sql AS $$
  INSERT INTO event_store.subject_pepper (pepper)
    SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
      || uuid_send(gen_random_uuid()))
    WHERE NOT EXISTS (SELECT FROM event_store.subject_pepper)
    ON CONFLICT DO NOTHING
$$;

-- The key that a subject's texts are sealed under now; the one that is given, if there is none yet.
CREATE FUNCTION event_store.subject_key_in_use(p_tenant text, p_subject bytea, p_key_id text,
  p_key bytea, OUT key_id text, OUT key bytea) LANGUAGE plpgsql AS $$
DECLARE
  of_tenant integer := event_store.tenant_number(p_tenant);
  of_subject bytea;
BEGIN
  PERFORM event_store.draw_pepper();
  of_subject := event_store.subject_digest(p_tenant, p_subject);
  LOOP
    SELECT k.key_id, k.key INTO key_id, key FROM event_store.subject_key k
      WHERE k.tenant_id = of_tenant AND k.digest = of_subject AND k.destroyed_at IS NULL;
    IF FOUND THEN
      RETURN;
    END IF;
    INSERT INTO event_store.subject_key (key_id, tenant_id, digest, key)
      VALUES (p_key_id, of_tenant, of_subject, p_key)
      ON CONFLICT (tenant_id, digest) WHERE destroyed_at IS NULL DO NOTHING;
  END LOOP;
END
$$;

-- Refuses what was sealed under a destroyed key; else says where the last erasure stands, for those
-- that remember keys. To be called after event_store.append in its transaction: destruction waits
-- for the same lock.
CREATE FUNCTION event_store.check_subject_keys(p_keys text[]) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM event_store.subject_key
      WHERE key_id = ANY (p_keys) AND destroyed_at IS NOT NULL) THEN
    RAISE integrity_constraint_violation USING CONSTRAINT = 'subject_key_is_there',
      MESSAGE = 'a text is sealed under a key that was destroyed';
  END IF;
  RETURN (SELECT coalesce(max(erasure), 0) FROM event_store.subject_key);
END
$$;

-- To be called after event_store.append, which has stored the event at p_erasure that tells of it.
-- Null if the key was destroyed before.
CREATE FUNCTION event_store.destroy_subject_key(p_key_id text, p_erasure bigint)
RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
  destroyed timestamptz;
BEGIN
  UPDATE event_store.subject_key
    SET key = NULL, destroyed_at = clock_timestamp(), erasure = p_erasure
    WHERE key_id = p_key_id AND key IS NOT NULL
    RETURNING destroyed_at INTO destroyed;
  RETURN destroyed;
END
$$;

-- Receipts know their subject by its key from now on.
SELECT event_store.draw_pepper() WHERE EXISTS (SELECT FROM event_store.command_receipt);

INSERT INTO event_store.subject_key (key_id, tenant_id, digest, key)
  SELECT left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 16), t.tenant_id,
    event_store.subject_digest(t.name, convert_to(r.subject, 'UTF8')),
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
      || uuid_send(gen_random_uuid()))
  FROM (SELECT DISTINCT tenant_id, subject FROM event_store.command_receipt) r
  JOIN event_store.tenant t ON t.tenant_id = r.tenant_id;

UPDATE event_store.command_receipt r SET subject = k.key_id
  FROM event_store.tenant t, event_store.subject_key k
  WHERE t.tenant_id = r.tenant_id AND k.tenant_id = r.tenant_id
    AND k.digest = event_store.subject_digest(t.name, convert_to(r.subject, 'UTF8'));
