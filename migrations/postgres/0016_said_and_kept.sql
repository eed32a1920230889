-- What a portal said of each column when a person laid a value over it: {"column":["said", …]}, a blank text for nothing.
-- The value is laid over only while the portal still says one of them; where a column is not named, always.
alter table application_decision add column said_json text not null default '{}';

-- So many bytes of a part with this ETag were made to last: what stands behind them after a crash is not trusted.
alter table attachment add column part_bytes bigint not null default 0;

-- application.matches: `null` where nobody was looked for, since the mapping knows nothing of the person; [] is nobody.
-- application.status: as the newest version or an echo had it; an older body that comes again does not change it.
-- application_version.state may be `overtaken`: a person said that it is not handed over, since a newer one will be.
