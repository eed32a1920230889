-- People and mismatches: what a decision needs to take effect, the list of what the province has to correct, and which
-- numbers are one person's.

-- digests of the numbers on our side and on the other, by which two numbers can be merged
alter table mismatch add column person text not null default '';
alter table mismatch add column other text not null default '';
-- what the nation really has under the key, `write` or `stop` and the version; empty where no comparison has seen it
alter table mismatch add column there text not null default '';

-- A page of the list is one walk along one of these, whatever it is asked for.
drop index mismatch_by_kind;
drop index mismatch_by_unit;
-- the groups are counted out of it alone
create index mismatch_by_kind on mismatch (stream_id, kind, cause, gravity, id, opened_ms, reason) where closed_ms is null;
create index mismatch_of_kind on mismatch (stream_id, kind, gravity, id) where closed_ms is null;
create index mismatch_by_unit on mismatch (stream_id, unit, gravity, id) where closed_ms is null;
create index mismatch_by_state on mismatch (stream_id, state, gravity, id);
create index mismatch_by_assignee on mismatch (stream_id, assignee, gravity, id) where closed_ms is null and assignee <> '';
-- what waits for its effect, or for the day on which an accepted difference ends
create index mismatch_due on mismatch (stream_id, id) where state = 'decided';
create index mismatch_accepted on mismatch (stream_id, until_day) where until_day <> '';

-- What the province has to correct in its own records, because somebody decided so. A line is never taken away: it is
-- printed, and it is over when both sides agree or the decision is taken back.
create table correction (
    id integer primary key autoincrement,
    stream_id integer not null references stream (id),
    mismatch_id integer not null references mismatch (id),
    key text not null,
    kind text not null,
    field text not null,
    ours text not null,
    theirs text not null,
    unit text not null,
    -- take-theirs, correct-at-source
    decision text not null,
    decided_by text not null,
    why text not null,
    at_ms integer not null,
    printed_ms integer,
    over_ms integer
);
create unique index correction_one on correction (mismatch_id) where over_ms is null;
create index correction_by_unit on correction (stream_id, unit, id) where over_ms is null;
create trigger correction_is_append_only_update before update of id, stream_id, mismatch_id, key, kind, field, ours, theirs,
    unit, decision, decided_by, why, at_ms on correction
begin
    select raise(abort, 'the list of corrections is append-only');
end;
create trigger correction_is_append_only_delete before delete on correction
begin
    select raise(abort, 'the list of corrections is append-only');
end;

-- Two numbers of one person, because somebody decided so: `earlier` leads to `person`. At most one confirmed link leads
-- away from a number; a link that was taken back stays as history.
create table person_alias (
    id integer primary key autoincrement,
    mismatch_id integer not null references mismatch (id),
    earlier text not null,
    person text not null,
    at_ms integer not null,
    who text not null,
    over_ms integer,
    over_who text not null default ''
);
create unique index person_alias_one on person_alias (earlier) where over_ms is null;
create index person_alias_by_person on person_alias (person) where over_ms is null;
create index person_alias_by_mismatch on person_alias (mismatch_id);
create trigger person_alias_is_append_only_delete before delete on person_alias
begin
    select raise(abort, 'links between numbers are append-only');
end;
