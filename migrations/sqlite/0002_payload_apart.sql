-- A payload is written once and read once, a row's state changes three times: apart, so that a change of state does
-- not write the payload again. Later rows are found without reading those that may go.

create table payload (
    outbox_id integer primary key references outbox (id),
    payload text not null
);
insert into payload (outbox_id, payload) select id, payload from outbox order by id;
alter table outbox drop column payload;

create index outbox_later on outbox (stream_id, not_before_ms) where state = 'ready' and not_before_ms > 0;

-- One index for each state that is asked for: a planner uses a partial index only where it sees the very same term.
drop index outbox_open;
create index outbox_staged on outbox (stream_id, class) where state = 'staged';
create index outbox_ready on outbox (stream_id, id) where state = 'ready';
create index outbox_sent on outbox (stream_id, key) where state = 'sent';
