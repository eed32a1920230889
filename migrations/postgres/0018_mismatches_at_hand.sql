-- When a decision that ours is said again came back to a person, since the source had the record no more; null once anybody
-- decided about it, or the source has it again.
alter table mismatch add column absent_ms bigint;
create index mismatch_absent on mismatch (stream_id, key) where absent_ms is not null;

-- Who opened it did not always know the commune; the ledger does. A commune's report is one walk along one index.
update mismatch set unit = coalesce((select l.unit from ledger l where l.stream_id = mismatch.stream_id and l.key = mismatch.key), '')
where unit = '' and exists (select 1 from ledger l where l.stream_id = mismatch.stream_id and l.key = mismatch.key and l.unit <> '');
create index mismatch_of_unit on mismatch (stream_id, unit, key, id) where closed_ms is null;
-- what comparisons opened, without all that was held; `|| ''` keeps planners from other ways to it
create index mismatch_compared on mismatch (stream_id, id) where closed_ms is null and place <> 'held'
    and kind || '' in ('missing-there', 'missing-here', 'field-differs', 'number-changed', 'status-back', 'unit-ambiguous');
-- what was opened in the last weeks
create index mismatch_event_opened on mismatch_event (at_ms, mismatch_id) where event in ('opened', 'reopened', 'accepted-ended');
