-- The order within one dossier. A row of the outbox knows its dossier (`lane`), when its step was (`lane_at`, sortable)
-- and with which status it goes; all three are empty where a stream has no such order. Two more states of a row were
-- never sent: `late` and `step-back`.

alter table outbox add column lane text collate "C" not null default '';
alter table outbox add column lane_at text collate "C" not null default '';
alter table outbox add column status text not null default '';

create index outbox_by_lane on outbox (lane, stream_id) where lane <> '';
create index outbox_in_order on outbox (stream_id, lane_at, key) where state = 'ready' and lane <> '';

-- What the nation last confirmed of a dossier, by whichever stream.
create table lane_state (
    system text collate "C" not null,
    lane text collate "C" not null,
    -- empty: the dossier is there, and nobody told us how it stands
    status text not null,
    -- of the newest step; never goes back
    at text collate "C" not null default '',
    primary key (system, lane)
);
