-- metrics-rollups: how many different visitors a bucket has, of a source that says who they are.

alter table metric_rollups
  add column visitors bigint,
  add column visitor_hashes bigint[],
  add column visitor_sketch bytea;
comment on column metric_rollups.visitors is
  'How many different visitors there were: not the sum of its parts. Null where they were not counted, as the source did not say who they are, or not yet. Estimated where visitor_sketch is not null, but for hours.';
comment on column metric_rollups.visitor_hashes is
  'Who they were, from which longer buckets are counted: the first 64 bits of the SHA-256 of each, in order.';
comment on column metric_rollups.visitor_sketch is
  'The same of many, as a sketch of the extension hll (cast it to hll): its count is right within 1.2 % most of the time.';
-- Hashes cannot be compressed.
alter table metric_rollups alter column visitor_hashes set storage external;

-- An older binary, or somebody by hand, that changes a row leaves no visitors beside it that were counted before.
create function oneshot.forget_visitors() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.visitors := null;
  new.visitor_hashes := null;
  new.visitor_sketch := null;
  return new;
end
$$;
comment on function oneshot.forget_visitors is 'A trigger: a row that is changed by who does not count visitors has none.';
create trigger metric_rollups_uncounted before update of count, sum, min, max on metric_rollups
  for each row when (
    old.visitors is not null and new.visitors is not distinct from old.visitors
    and current_setting('oneshot.counts_visitors', true) is distinct from 'on')
  execute function oneshot.forget_visitors();

-- For buckets whose parts are sketches that nobody can read.
create function oneshot.hll_is_missing() returns bytea
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'the visitors of its parts are sketches of the extension hll, which this database does not have'
    using errcode = 'undefined_object', hint = 'Have a superuser run: create extension hll';
end
$$;
