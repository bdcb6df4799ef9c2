-- Where an auditor's filters find events; the events themselves are read from the event store.
-- Every index ends with the position, in whose order pages are read.
CREATE TABLE read_model.audit_event_template (
  position       bigint PRIMARY KEY,
  tenant         text COLLATE "C" NOT NULL,
  agent_id       text COLLATE "C" NOT NULL,
  type           text COLLATE "C" NOT NULL,
  actor          text COLLATE "C" NOT NULL,
  correlation_id text COLLATE "C",
  time           timestamptz NOT NULL
);

CREATE INDEX ON read_model.audit_event_template (tenant, position);
CREATE INDEX ON read_model.audit_event_template (tenant, agent_id, position);
CREATE INDEX ON read_model.audit_event_template (tenant, type, position);
CREATE INDEX ON read_model.audit_event_template (tenant, actor, position);
CREATE INDEX ON read_model.audit_event_template (tenant, correlation_id, position);
CREATE INDEX ON read_model.audit_event_template (tenant, time, position);
