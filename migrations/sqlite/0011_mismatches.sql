-- A mismatch becomes one row for record, kind and place, for ever: it opens again with its history when it comes back.
-- It is open while `closed_ms` is null; `state` says how far people are with it. Whatever happens to it is an event.

create table mismatch_new (
    id integer primary key autoincrement,
    stream_id integer not null references stream (id),
    key text not null,
    kind text not null,
    -- apart within the kind: `held` of what is held here, the field of what differs, the other record of a pair
    place text not null default '',
    reason text not null,
    -- what many have in common; no personal data
    cause text not null default '',
    field text not null default '',
    value text not null default '',
    -- the nation's value, or the other record's
    theirs text not null default '',
    proposal text not null default '',
    detail text not null default '',
    complaints text not null default '[]',
    source_row integer,
    -- the commune's code
    unit text not null default '',
    gravity integer not null,
    -- open → in-review → decided → applied → closed
    state text not null,
    -- one more with whatever people or the machine change: a later one is told
    version integer not null default 1,
    occurrences integer not null default 1,
    relapses integer not null default 0,
    opened_ms integer not null,
    seen_ms integer not null,
    closed_ms integer,
    run_id integer not null,
    -- who has it in review
    assignee text not null default '',
    -- what was decided last, by whom, when, why; `authority` where the file decided
    decision text not null default '',
    decided_by text not null default '',
    decided_ms integer,
    why text not null default '',
    -- of an accepted difference: until which day, yyyy-MM-dd
    until_day text not null default '',
    -- a decision that needs two: the second; empty until then
    seconded_by text not null default '',
    -- when its effect was written
    applied_ms integer
);
insert into mismatch_new (stream_id, key, kind, place, reason, cause, field, value, proposal, detail, complaints, source_row, gravity, state,
    occurrences, relapses, opened_ms, seen_ms, closed_ms, run_id)
select m.stream_id, m.key,
    case when m.kind not in ('held-here', 'status-back', 'late') then m.kind
        when m.reason = 'unit-split' then 'unit-ambiguous' when m.reason = 'amount' then 'amount-not-by-law'
        when m.reason = 'account' then 'account' when m.reason = 'double-benefit' then 'double-benefit'
        when m.reason = 'paid-after-end' then 'paid-after-end' else m.kind end,
    case when m.kind in ('held-here', 'status-back', 'late') then 'held' else '' end,
    m.reason, m.reason || case when m.field = '' then '' else ' ' || m.field end, m.field, m.value, m.proposal, m.detail, m.complaints, m.source_row,
    case when m.kind in ('refused-there', 'unknown-outcome') or m.reason in ('amount', 'double-benefit', 'paid-after-end') then 1
        when m.kind in ('late', 'parked') then 3 else 2 end,
    m.state, f.occurrences, f.times - 1, m.opened_ms, m.seen_ms, m.closed_ms, m.run_id
from mismatch m join (select max(id) as id, sum(occurrences) as occurrences, count(*) as times from mismatch
    group by stream_id, key, kind,
    case when kind in ('held-here', 'status-back', 'late') and reason in ('unit-split', 'amount', 'account', 'double-benefit', 'paid-after-end')
        then reason else '' end) f on f.id = m.id
order by m.id;
drop table mismatch;
alter table mismatch_new rename to mismatch;
create unique index mismatch_one on mismatch (stream_id, key, kind, place);
create index mismatch_open on mismatch (stream_id, gravity, id) where closed_ms is null;
create index mismatch_by_kind on mismatch (stream_id, kind, cause, id) where closed_ms is null;
create index mismatch_by_unit on mismatch (stream_id, unit, id) where closed_ms is null;
create index mismatch_closed on mismatch (stream_id, closed_ms) where closed_ms is not null;

create table mismatch_event (
    id integer primary key autoincrement,
    mismatch_id integer not null references mismatch (id),
    at_ms integer not null,
    -- empty: the machine
    who text not null default '',
    -- opened, reopened, closed, taken, given-back, comment, decided, seconded, undone, applied, too-late, accepted-ended
    event text not null,
    -- the decision, or to whom it was given
    what text not null default '',
    -- a reason code, where one was chosen
    reason text not null default '',
    words text not null default ''
);
create index mismatch_event_of on mismatch_event (mismatch_id, id);
insert into mismatch_event (mismatch_id, at_ms, event) select id, opened_ms, 'opened' from mismatch;
insert into mismatch_event (mismatch_id, at_ms, event) select id, closed_ms, 'closed' from mismatch where closed_ms is not null;

create trigger mismatch_event_is_append_only_update before update on mismatch_event
begin
    select raise(abort, 'what happened to a mismatch is append-only');
end;
create trigger mismatch_event_is_append_only_delete before delete on mismatch_event
begin
    select raise(abort, 'what happened to a mismatch is append-only');
end;
