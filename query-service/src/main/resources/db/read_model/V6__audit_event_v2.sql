-- Version 2 of the audit index also finds events by their id, by the command that caused them and by
-- what that command names as its cause. Every index ends with the position, in whose order pages are
-- read, or finds a few events only.
CREATE TABLE read_model.audit_event_v2_template (
  position       bigint PRIMARY KEY,
  tenant         text COLLATE "C" NOT NULL,
  agent_id       text COLLATE "C" NOT NULL,
  type           text COLLATE "C" NOT NULL,
  actor          text COLLATE "C" NOT NULL,
  correlation_id text COLLATE "C",
  time           timestamptz NOT NULL,
  event_id       uuid NOT NULL,
  command_id     uuid,
  causation_id   text COLLATE "C"
);

CREATE INDEX ON read_model.audit_event_v2_template (tenant, position);
CREATE INDEX ON read_model.audit_event_v2_template (tenant, agent_id, position);
CREATE INDEX ON read_model.audit_event_v2_template (tenant, type, position);
CREATE INDEX ON read_model.audit_event_v2_template (tenant, actor, position);
CREATE INDEX ON read_model.audit_event_v2_template (tenant, correlation_id, position);
CREATE INDEX ON read_model.audit_event_v2_template (tenant, time, position);
CREATE INDEX ON read_model.audit_event_v2_template (event_id);
CREATE INDEX ON read_model.audit_event_v2_template (command_id) WHERE command_id IS NOT NULL;
CREATE INDEX ON read_model.audit_event_v2_template (tenant, causation_id, position)
  WHERE causation_id IS NOT NULL;
