-- Until when each system's certificate is valid, as it was last shown: who asks later need not call there.

create table certificate_seen (
    system text primary key,
    until_ms bigint not null,
    seen_ms bigint not null
);
