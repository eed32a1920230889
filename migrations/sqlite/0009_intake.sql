-- Applications that citizens filed at a portal, as they come down. `intake` is the name of an [[intake]] of gateway.toml.

-- How far a pull has come: everything filed or changed before `upto_ms` was read and stored. Moves only in the
-- transaction that stores what was read.
create table intake_cursor (
    intake text primary key,
    upto_ms integer not null,
    -- when the last days were read again to their end, for what a portal shows late
    reread_ms integer not null default 0,
    -- the last pull: when it ended, and what a person should know of it
    pulled_ms integer not null default 0,
    error text not null default ''
);

-- One row an application, whatever happens to it.
create table application (
    id integer primary key autoincrement,
    intake text not null,
    -- the portal's number; where it has none, U+0001 and a hash of what came
    number text not null,
    -- the newest version
    version integer not null,
    -- how often it came, and how often as an echo of our own update
    seen integer not null default 1,
    echoes integer not null default 0,
    -- the portal's status as it came last, echo or not
    status text not null default '',
    -- what the newest version says by the mapping, in the province's words: for lists and clocks
    procedure text not null default '',
    office text not null default '',
    unit text not null default '',
    -- when it was filed and when it was received, yyyyMMddHHmmss, Vietnam time; empty where not known
    filed_at text not null default '',
    received_at text not null default '',
    -- the one-stop office's own number
    local_number text not null default '',
    -- people of the ledger who may be the applicant, as they were found when it came: JSON
    matches text not null default '[]',
    first_ms integer not null,
    changed_ms integer not null,
    unique (intake, number)
);
create index application_by_number on application (number);

-- Every body that came, each once.
create table application_version (
    application_id integer not null references application (id),
    -- from 1
    version integer not null,
    -- of the whole canonical body, and of the body without what the portal takes over from us (echo)
    hash blob not null,
    core blob not null,
    -- canonical JSON
    body text not null,
    -- [{"field","before","now"}] against the version before
    differences text not null default '[]',
    at_ms integer not null,
    -- the exchange that brought it
    exchange_id text not null,
    -- to-be-routed (a person must say), ready (may be handed over), underway (an attempt was begun), handed
    state text not null,
    -- why it is to be routed: the complaints, JSON
    complaints text not null default '[]',
    -- the province's record by the mapping, canonical JSON; empty while it is to be routed
    record text not null default '',
    -- what judged it: a digest of mapping, lists and decisions; empty where not judged yet
    judged_by blob not null default x'',
    attempts integer not null default 0,
    next_ms integer not null default 0,
    -- of the hand-over: what the local system gave back, when, or why it did not
    receipt text not null default '',
    handed_ms integer,
    why text not null default '',
    primary key (application_id, version),
    unique (application_id, hash)
);
create index application_version_open on application_version (state, next_ms, application_id, version) where state <> 'handed';
-- versions of one number are handed over in order
create index application_version_in_order on application_version (application_id, version) where state <> 'handed';

-- What people decided about an application, for ever: values laid over what the portal said.
create table application_decision (
    id integer primary key autoincrement,
    application_id integer not null references application (id),
    at_ms integer not null,
    who text not null,
    reason text not null,
    -- {"column":"value"}
    values_json text not null
);
create index application_decision_of on application_decision (application_id, id);
create trigger application_decision_is_append_only_update before update on application_decision
begin
    select raise(abort, 'decisions are append-only');
end;
create trigger application_decision_is_append_only_delete before delete on application_decision
begin
    select raise(abort, 'decisions are append-only');
end;

-- Files that an application names. Content stands in a folder by its hash, never here.
create table attachment (
    id integer primary key autoincrement,
    application_id integer not null references application (id),
    -- as the portal gave it
    address text not null,
    name text not null default '',
    -- wanted, stored, outside (not the portal's host), refused (too large, wrong type, too many), infected
    state text not null,
    -- SHA-256, hex, once it is stored
    hash text not null default '',
    bytes integer not null default 0,
    media text not null default '',
    attempts integer not null default 0,
    next_ms integer not null default 0,
    -- of the part that is there, so that the rest is of the same version
    etag text not null default '',
    why text not null default '',
    first_ms integer not null,
    stored_ms integer,
    unique (application_id, address)
);
create index attachment_wanted on attachment (next_ms, id) where state = 'wanted';
create index attachment_by_hash on attachment (hash) where hash <> '';

-- Which exchange brought a version.
create index exchange_by_id on exchange (exchange_id);
