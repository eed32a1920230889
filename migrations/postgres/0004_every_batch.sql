-- In which batches a row went. `outbox.batch_id` names only the one it is in now: a row that was put back has none, and
-- one whose batch was split has another. No row is ever changed here, and both ids are of tables that forget nothing.

create table outbox_batch (
    outbox_id bigint not null,
    batch_id bigint not null,
    primary key (outbox_id, batch_id)
);
insert into outbox_batch (outbox_id, batch_id) select id, batch_id from outbox where batch_id is not null order by id;

-- What was settled of a record is found too, not only what is open.
create index mismatch_by_key on mismatch (stream_id, key);
