-- Records that may be of one person though no number says so, and accounts that several people share.

-- Digest of bank and number; null where none is known, or where somebody else receives on the person's behalf.
alter table likeness add column account text;
create index likeness_by_account on likeness (account) where account is not null;

-- Which likenesses and accounts are to be compared again: they are shared, and somebody who shares them changed.
create table suspect_due (
    -- alike, account
    what text not null,
    digest text not null,
    primary key (what, digest)
);
insert into suspect_due (what, digest) select 'alike', alike from likeness where alike is not null group by alike having count(*) > 1;

-- What was found by which digest. For ever, as the mismatch is: whoever was the later of a pair stays so.
create table suspicion (
    stream_id bigint not null references stream (id),
    key text not null,
    -- of the mismatch
    place text not null,
    what text not null,
    digest text not null,
    primary key (stream_id, key, place)
);
create index suspicion_by_digest on suspicion (what, digest);

-- Up to when the clocks of an intake's applications were looked at: all on this day, those that changed since this moment.
alter table intake_cursor add column clocked_day text not null default '';
alter table intake_cursor add column clocked_ms bigint not null default 0;
