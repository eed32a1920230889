-- The statuses that a portal itself showed of a dossier, each once: what the citizen did there stands in none of our own
-- confirmations. A set, so that an older body that comes after a newer one takes nothing away.

create table lane_shown (
    system text not null,
    lane text not null,
    status text not null,
    primary key (system, lane, status)
) without rowid;
