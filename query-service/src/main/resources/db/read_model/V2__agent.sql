-- The agents as they are. A deleted agent's row remains without its details, so that an event that
-- comes twice cannot revive it; the indexes do not hold it.
--
-- Text that is compared or sorted is in the order of its code points ("C"), which does not change
-- with the server's locale: cursors and prefixes rely on it.
--
-- Columns are null only while nothing has set them: the projection refuses an agent that has no
-- created_at, and one whose creation was erased is deleted.
CREATE TABLE read_model.agent_template (
  tenant        text COLLATE "C" NOT NULL,
  agent_id      text COLLATE "C" NOT NULL,
  created_at    timestamptz,
  agent_type    text COLLATE "C",
  limits        json,
  owner         text,
  status        text COLLATE "C",
  status_reason text,
  status_since  timestamptz,
  name          text COLLATE "C",
  labels        jsonb,           -- {"<tenant>": {"<key>": "<value>"}}: one index, tenant first
  config        json,            -- not jsonb: it keeps every number and character as it was
  deleted       boolean NOT NULL,
  last_activity timestamptz NOT NULL,
  version       bigint NOT NULL,
  PRIMARY KEY (tenant, agent_id)
);

CREATE INDEX ON read_model.agent_template (tenant, created_at, agent_id) WHERE NOT deleted;
CREATE INDEX ON read_model.agent_template (tenant, last_activity, agent_id) WHERE NOT deleted;
CREATE INDEX ON read_model.agent_template (tenant, coalesce(name, ''), agent_id) WHERE NOT deleted;
CREATE INDEX ON read_model.agent_template (tenant, status, created_at, agent_id) WHERE NOT deleted;
CREATE INDEX ON read_model.agent_template (tenant, agent_type, created_at, agent_id)
  WHERE NOT deleted;
CREATE INDEX ON read_model.agent_template USING gin (labels jsonb_path_ops) WHERE NOT deleted;
