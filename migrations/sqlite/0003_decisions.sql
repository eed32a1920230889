-- What people decided by hand: kept for ever, with who and why. An outbox row may now also be `parked`: unsent, and
-- kept out of the queue by a person until released; its open mismatch of kind `parked` keeps it in view.

create table decision (
    id integer primary key autoincrement,
    stream_id integer not null references stream (id),
    key text not null,
    -- retry, park, release, replay
    verb text not null,
    at_ms integer not null,
    who text not null,
    reason text not null,
    -- of a replay: the batch
    batch_key text not null default ''
);
create index decision_by_key on decision (stream_id, key);

create trigger decision_is_append_only_update before update on decision
begin
    select raise(abort, 'decisions are append-only');
end;
create trigger decision_is_append_only_delete before delete on decision
begin
    select raise(abort, 'decisions are append-only');
end;
