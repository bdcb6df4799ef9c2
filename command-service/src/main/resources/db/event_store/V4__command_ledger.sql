-- The command ledger. A command that appended events is told of by their metadata (command_id,
-- command), so only those that appended nothing have a row here: refused, repeated and unchanged
-- ones. Rows are inserted in a transaction that has called event_store.append before, and so under
-- its lock: the order of (position, number) is the order in which they become visible.
CREATE TABLE event_store.command_ledger (
  position        bigint      NOT NULL, -- of the last event when the command was settled
  number          bigint      GENERATED ALWAYS AS IDENTITY,
  command_id      uuid        NOT NULL,
  time            timestamptz NOT NULL,
  tenant_id       integer     NOT NULL,
  outcome         text        NOT NULL CHECK (outcome IN ('unchanged', 'refused', 'repeated')),
  command         text        NOT NULL,
  agent_id        text        NOT NULL,
  subject         text        NOT NULL,
  authentication  text        NOT NULL,
  request_id      text        NOT NULL,
  correlation_id  text        NOT NULL,
  causation_id    text,
  idempotency_key text,
  error           text        CHECK ((error IS NOT NULL) = (outcome = 'refused')),
  repeats         uuid        CHECK (repeats IS NULL OR outcome = 'repeated'),
  reason          text,
  CONSTRAINT command_ledger_key PRIMARY KEY (command_id)
);

CREATE INDEX command_ledger_tenant
  ON event_store.command_ledger (tenant_id, position, number);
CREATE INDEX command_ledger_agent
  ON event_store.command_ledger (tenant_id, agent_id, position, number);

-- What people wrote may have to be erased; nothing else of a command ever changes.
CREATE FUNCTION event_store.refuse_command_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.reason IS NULL AND to_jsonb(NEW) - 'reason' = to_jsonb(OLD) - 'reason' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '% of event_store.command_ledger is refused: of a recorded command only the reason can be erased', TG_OP
    USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER command_is_forever BEFORE UPDATE OR DELETE ON event_store.command_ledger
  FOR EACH ROW EXECUTE FUNCTION event_store.refuse_command_change();
CREATE TRIGGER commands_are_forever BEFORE TRUNCATE ON event_store.command_ledger
  FOR EACH STATEMENT EXECUTE FUNCTION event_store.refuse_command_change();

-- What readers may rely on.
CREATE VIEW event_store.recorded_command AS
  SELECT c.position, c.number, c.command_id, c.time, t.name AS tenant, c.outcome, c.command,
    c.agent_id, c.subject, c.authentication, c.request_id, c.correlation_id, c.causation_id,
    c.idempotency_key, c.error, c.repeats, c.reason
  FROM event_store.command_ledger c
  JOIN event_store.tenant t ON t.tenant_id = c.tenant_id;
