-- usage-aggregation, lost_rows_hourly
\set merchant 'null'
\set completed_keys 'null'
\set is_whole 'true'
\set instance ''''''
\set server '''cache:6379/0'''
\set key_prefix '''usage:'''
\set day '''2025-11-01''::date'
prepare golden (unknown, unknown, boolean, unknown, unknown, unknown, date) as
-- How many rows a day has of which Redis has no counter any more. Rows do not say which schedule wrote them: where
-- there is another one, only what this one has completed counts.
select case
    when $1::text is null and $2::bigint is not null then $2::bigint
    when not $3 or exists (
      select from oneshot.usage_days other
      where (other.instance, other.server, other.key_prefix) <> ($4, $5, $6)) then 0
    else (
      select count(*) from merchant_usage_hourly
      where usage_date = $7 and ($1::text is null or merchant_id = $1))
  end as lost
;
execute golden (:merchant, :completed_keys, :is_whole, :instance, :server, :key_prefix, :day);
deallocate golden;
