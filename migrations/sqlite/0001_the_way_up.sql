-- The store of the gateway on SQLite. The same tables stand in ../postgres; the tests run on both.
-- Times are milliseconds since 1970 (UTC); hashes are raw bytes; every key begins with stream_id.

create table lease (
    name text primary key,
    holder text not null,
    epoch integer not null,
    until_ms integer not null
);

create table stream (
    id integer primary key autoincrement,
    name text not null unique,
    system text not null,
    entity text not null,
    -- set when the first complete scan was released: until then its pushes are "first"
    first_scan_ms integer
);

create table run (
    id integer primary key autoincrement,
    stream_id integer not null references stream (id),
    started_ms integer not null,
    finished_ms integer,
    -- scanning, delivering, done, waiting (a person must act), failed
    state text not null,
    first integer not null,
    scanned integer not null default 0,
    unchanged integer not null default 0,
    outcome text not null default '{}',
    error text not null default ''
);
create index run_by_stream on run (stream_id, id);

create table ledger (
    id integer primary key autoincrement,
    stream_id integer not null references stream (id),
    key text not null,
    -- fingerprint of the raw row, and digest of all that judged it
    raw blob not null,
    judged_by blob not null,
    judge_again text,
    -- ok, held, idle (nothing to send)
    verdict text not null,
    unit text not null default '',
    -- what the nation last confirmed
    confirmed_action text,
    confirmed_version blob,
    national_id text,
    receipt text,
    confirmed_ms integer,
    -- what the nation refused for good
    refused_action text,
    refused_version blob,
    unique (stream_id, key)
);

create table outbox (
    id integer primary key autoincrement,
    stream_id integer not null references stream (id),
    key text not null,
    action text not null,
    version blob not null,
    payload text not null,
    unit text not null,
    -- new, changed, stopped, remapped: what the brake counts
    class text not null,
    run_id integer not null,
    -- staged → ready → sent → accepted | refused; superseded and withdrawn were never sent
    state text not null,
    batch_id integer,
    not_before_ms integer not null default 0,
    attempts integer not null default 0
);
create index outbox_by_key on outbox (stream_id, key);
create index outbox_open on outbox (stream_id, state, id) where state in ('staged', 'ready', 'sent');
create index outbox_by_batch on outbox (batch_id) where batch_id is not null;
create index outbox_by_run on outbox (run_id);

create table batch (
    id integer primary key autoincrement,
    stream_id integer not null references stream (id),
    system text not null,
    -- chosen before the first attempt, the same on every attempt
    key text not null unique,
    sent_at text not null,
    -- open (an attempt is on the wire), waiting (surely not stored, send again), unknown (ask first), settled
    state text not null,
    attempts integer not null,
    asks integer not null default 0,
    next_ms integer not null,
    body_hash blob not null,
    body_bytes integer not null,
    records integer not null,
    why text not null default ''
);
create index batch_unsettled on batch (system, state) where state <> 'settled';

create table exchange (
    -- lane = who wrote (the holder's lease epoch), number = the entry's place in its lane
    lane text not null,
    number integer not null,
    exchange_id text not null,
    -- opened, closed: two appended entries, never an update
    entry text not null,
    system text not null,
    stream_id integer,
    operation text not null,
    batch_key text not null,
    records integer not null,
    at_ms integer not null,
    bytes integer not null,
    hash blob not null,
    status integer,
    verdict text not null,
    primary key (lane, number)
);
create index exchange_by_batch on exchange (batch_key);

create trigger exchange_is_append_only_update before update on exchange
begin
    select raise(abort, 'the exchange log is append-only');
end;
create trigger exchange_is_append_only_delete before delete on exchange
begin
    select raise(abort, 'the exchange log is append-only');
end;

create table system_state (
    system text primary key,
    not_before_ms integer not null default 0,
    budget_ms integer not null default 0,
    failures integer not null default 0,
    open_until_ms integer not null default 0,
    parallel integer not null default 1,
    last_sent_at text not null default '',
    alarm text not null default ''
);

create table mismatch (
    id integer primary key autoincrement,
    stream_id integer not null references stream (id),
    key text not null,
    kind text not null,
    reason text not null,
    field text not null default '',
    value text not null default '',
    proposal text not null default '',
    detail text not null default '',
    complaints text not null default '[]',
    source_row integer,
    state text not null,
    occurrences integer not null default 1,
    opened_ms integer not null,
    seen_ms integer not null,
    closed_ms integer,
    run_id integer not null
);
create unique index mismatch_open on mismatch (stream_id, key, kind) where state = 'open';

create table release (
    id integer primary key autoincrement,
    stream_id integer not null references stream (id),
    run_id integer not null,
    at_ms integer not null,
    who text not null,
    reason text not null,
    counts text not null
);
