-- The command ledger is kept for ever, and what is asked of it must not take longer with every row.
--
-- To build these indexes keeps out those that write into the ledger, and with them all appends, for some
-- seconds for each million rows. That is accepted while there is no release yet: V6 wrote every event
-- anew. A later index has to be built concurrently.

-- The greatest number in use, which each start compares with the sequence. Position and number grow
-- together, but it is after a restore that nothing should rest on that.
CREATE INDEX command_ledger_number ON event_store.command_ledger (number);

-- By who gave the command: the key's id of a name that is sealed; a name from before names were sealed,
-- of which an index could not hold all that a token may say.
CREATE INDEX command_ledger_subject
  ON event_store.command_ledger (tenant_id,
    left(coalesce(nullif(split_part(subject, ':', 4), ''), subject), 64), position, number);

CREATE INDEX command_ledger_outcome
  ON event_store.command_ledger (tenant_id, outcome, position, number);

-- Times do not grow with positions where clocks differ or jump, so the first position since a time is
-- that of no single row: it is the least of the first positions of all hours since then.
CREATE INDEX command_ledger_hour
  ON event_store.command_ledger (tenant_id,
    date_bin('1 hour', time, timestamptz '2000-01-01T00:00Z'), position);
