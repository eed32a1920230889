-- What each record says to the rules between programmes: who (a digest, never a number), in what, from when to when.

create table fact (
    stream_id bigint not null references stream (id),
    key text not null,
    programme text not null,
    benefit text not null,
    -- digests of the present and of an earlier paper; null where there is no usable number
    person text,
    earlier text,
    -- the key of the record that this one is about
    subject text,
    from_day text,
    until_day text,
    flag bigint not null,
    ended bigint not null,
    -- order of arrival: of two that exclude each other the later is held
    since bigint not null,
    -- 1: sent, or to be sent; 0: held here, so that it stands in nobody's way
    live bigint not null,
    -- its neighbours must be compared with it again
    fresh bigint not null,
    -- the day on which it ceases to run by itself
    again text,
    primary key (stream_id, key)
);
create index fact_by_person on fact (person) where person is not null;
create index fact_alias on fact (person) where earlier is not null;
create index fact_by_earlier on fact (earlier) where earlier is not null;
create index fact_by_subject on fact (subject) where subject is not null;
create index fact_fresh on fact (stream_id, key) where fresh = 1;
create index fact_again on fact (again) where again is not null;

-- Which record is held because of which other: it is judged again in every scan, until that is over.
create table crossed (
    stream_id bigint not null references stream (id),
    key text not null,
    by_stream bigint not null,
    by_key text not null,
    kind text not null,
    law text not null,
    primary key (stream_id, key)
);
create index crossed_by on crossed (by_stream, by_key);

-- One row: the last order of arrival, and by which rules all was compared.
create table cross_state (
    id bigint primary key check (id = 1),
    since bigint not null,
    rules bytea not null
);
insert into cross_state (id, since, rules) values (1, 0, '');
