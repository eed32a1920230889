-- By what a person is recognised without a number, and what their record says to whoever looks for them: only digests of
-- name and birth. Apart from `fact`, whose order of arrival must not change when a name is corrected.

create table likeness (
    stream_id bigint not null references stream (id),
    key text not null,
    -- digest of name and year of birth; null where one is not known
    alike text,
    -- digest of name and day of birth
    born text,
    -- code of the sex, and commune with its catalogue; empty where not known
    sex text not null,
    unit text not null,
    -- draws, dead, facility; empty where the record says none of these
    says text not null,
    -- code of the facility
    place text not null,
    primary key (stream_id, key)
);
create index likeness_by_alike on likeness (alike) where alike is not null;
