-- Units through a reform: what people decided about addresses in units that were split, and which records were asked
-- about. A decision is evidence and stays for ever; a later one for the same place takes its place.

create table unit_decision (
    id integer primary key autoincrement,
    -- hash of the list, the old unit and the address
    place blob not null,
    code text not null,
    address text not null,
    chosen text not null,
    at_ms integer not null,
    who text not null,
    reason text not null
);
create index unit_decision_by_place on unit_decision (place, id);

create trigger unit_decision_is_append_only_update before update on unit_decision
begin
    select raise(abort, 'decisions are append-only');
end;
create trigger unit_decision_is_append_only_delete before delete on unit_decision
begin
    select raise(abort, 'decisions are append-only');
end;

-- One row a record in a split unit, as it was judged last.
create table unit_asked (
    stream_id integer not null references stream (id),
    key text not null,
    place blob not null,
    code text not null,
    address text not null,
    -- the new units, with ; between
    candidates text not null,
    -- by which decision it was judged; 0 for none
    decision_id integer not null,
    primary key (stream_id, key)
);
create index unit_asked_by_place on unit_asked (place);
