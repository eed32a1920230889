-- Files of drop folders that were read to their end and staged: each content is taken once for a stream. Written with
-- the release of what was staged, so that a crash before the file is moved does not take it again.

create table taken_file (
    stream_id integer not null references stream (id),
    -- SHA-256 of the content
    hash text not null,
    name text not null,
    row_count integer not null,
    run_id integer not null references run (id),
    at_ms integer not null,
    primary key (stream_id, hash)
);
