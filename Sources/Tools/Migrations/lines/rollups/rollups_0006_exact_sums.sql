-- metrics-rollups: sums that are exact, beside those that are doubles.

-- Null in rows that were written before: their sum is the double, until they are calculated again.
alter table metric_rollups
  add column sum_exact numeric;
comment on column metric_rollups.sum_exact is
  'The sum, exact; sum is the double nearest to it. Null where the row was not calculated since there is this column: coalesce(sum_exact, sum::text::numeric).';

-- An older binary, or somebody by hand, that changes the sum leaves none beside it that is another one.
create function oneshot.forget_exact_sum() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.sum_exact := null;
  return new;
end
$$;
comment on function oneshot.forget_exact_sum is
  'A trigger: a sum that is written without the exact one has none.';
create trigger metric_rollups_sum_alone before update of sum on metric_rollups
  for each row when (new.sum <> old.sum and new.sum_exact = old.sum_exact)
  execute function oneshot.forget_exact_sum();
