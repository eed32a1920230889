-- Comparisons of what we believe with what the nation has. A round goes on where it stopped: its scopes and the cursor
-- in each stand here, written together with the rows of every page.

create table comparison (
    id integer primary key autoincrement,
    stream_id integer not null references stream (id),
    started_ms integer not null,
    finished_ms integer,
    -- counting, listing, again (the second look), done, failed
    state text not null,
    -- how it was asked for, and what it found so far: JSON
    wanted text not null,
    found text not null default '{}',
    error text not null default ''
);
create index comparison_by_stream on comparison (stream_id, id);

-- What the nation counted, by the province's code of the envelope and the commune.
create table comparison_count (
    comparison_id integer not null references comparison (id),
    province text not null,
    unit text not null,
    number integer not null,
    primary key (comparison_id, province, unit)
);

-- What is listed: a commune, or all of a province where `unit` is empty.
create table comparison_scope (
    comparison_id integer not null references comparison (id),
    -- the first look, or the second
    look integer not null,
    number integer not null,
    province text not null,
    unit text not null,
    -- how many there should be, by the count and by the last page; null where nobody said
    counted integer,
    total integer,
    pages integer not null default 0,
    records integer not null default 0,
    strange integer not null default 0,
    -- open, done, short (fewer came than there should be)
    state text not null default 'open',
    primary key (comparison_id, look, number)
);

-- The nation's records as they were listed last, without their content.
create table listed (
    stream_id integer not null references stream (id),
    key text not null,
    comparison_id integer not null,
    version blob not null,
    unit text not null,
    stopped integer not null,
    national_id text not null,
    -- digests of the person's number and of an earlier one, and the group; null where nothing tells who it is
    person text,
    earlier text,
    person_group text,
    primary key (stream_id, key)
);
create index listed_by_person on listed (stream_id, person, key) where person is not null;
create index listed_by_earlier on listed (stream_id, earlier, key) where earlier is not null;
create index listed_by_comparison on listed (stream_id, comparison_id);

-- What looked different at the first look. Only what the second look finds so too is a mismatch.
create table suspect (
    stream_id integer not null references stream (id),
    key text not null,
    comparison_id integer not null,
    -- differs, missing-there, missing-here
    what text not null,
    -- the receipt of what was confirmed then: another one later means that it was moving
    receipt text not null,
    -- the communes in which it is looked for again: ours, and the nation's
    unit text not null,
    unit_there text not null,
    -- looked at again
    seen integer not null default 0,
    primary key (stream_id, key)
);
