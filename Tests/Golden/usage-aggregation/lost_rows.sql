-- usage-aggregation, lost_rows
\set merchant 'null'
\set is_whole 'true'
\set instance ''''''
\set server '''cache:6379/0'''
\set key_prefix '''usage:'''
\set days '''{"2025-11-01","2025-11-02"}'''
\set known_keys '''{NULL,"7"}'''
prepare golden (unknown, boolean, unknown, unknown, unknown, unknown, unknown) as
-- For each of these days, how many rows have no counter in Redis any more; a day without rows is left out. Rows do not
-- say which schedule wrote them: where there is another schedule, only days that this one has completed count.
select day, case
    when $1::text is null and known_keys is not null then known_keys
    when not $2 or exists (
      select from oneshot.usage_days other
      where (other.instance, other.server, other.key_prefix) <> ($3, $4, $5)) then 0
    else (
      select count(*) from merchant_usage
      where usage_date = day and ($1::text is null or merchant_id = $1))
  end as lost
from unnest($6::date[], $7::bigint[]) as empty (day, known_keys)
where exists (select from merchant_usage where usage_date = day)
order by day
;
execute golden (:merchant, :is_whole, :instance, :server, :key_prefix, :days, :known_keys);
deallocate golden;
