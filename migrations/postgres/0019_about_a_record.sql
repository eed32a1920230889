-- What a record says that is held, or that only the nation has: canonical JSON, for the lists that people check.
alter table mismatch add column about text not null default '';
