-- usage-aggregation, lost_rows
\set merchant 'null'
\set completed_keys 'null'
\set is_whole 'true'
\set day '''2025-11-01''::date'
\set instance ''''''
\set server '''cache:6379/0'''
\set key_prefix '''usage:'''
prepare golden (unknown, unknown, boolean, date, unknown, unknown, unknown) as
-- How many rows a day has of which Redis has no counter any more. Rows do not say which schedule wrote them: where
-- another one has written the same day, only what this one has completed counts.
select case
    when $1::text is null and $2::bigint is not null then $2::bigint
    when not $3 or exists (
      select from oneshot.usage_days other
      where other.usage_date = $4
        and (other.instance, other.server, other.key_prefix) <> ($5, $6, $7)) then 0
    else (
      select count(*) from merchant_usage
      where usage_date = $4 and ($1::text is null or merchant_id = $1))
  end as lost
;
execute golden (:merchant, :completed_keys, :is_whole, :day, :instance, :server, :key_prefix);
deallocate golden;
