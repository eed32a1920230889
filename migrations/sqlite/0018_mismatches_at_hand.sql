-- When a decision that ours is said again came back to a person, since the source had the record no more; null once anybody
-- decided about it, or the source has it again.
alter table mismatch add column absent_ms integer;
create index mismatch_absent on mismatch (stream_id, key) where absent_ms is not null;
