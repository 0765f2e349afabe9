-- For each of these days, how many rows have no counter in Redis any more; a day without rows is left out. Rows do not
-- say which schedule wrote them: where there is another schedule, only days that this one has completed count.
select day, case
    when :merchant::text is null and known_keys is not null then known_keys
    when not :is_whole or exists (
      select from oneshot.usage_days other
      where (other.instance, other.server, other.key_prefix) <> (:instance, :server, :key_prefix)) then 0
    else (
      select count(*) from {table}
      where usage_date = day and (:merchant::text is null or merchant_id = :merchant))
  end as lost
from unnest(:days::date[], :known_keys::bigint[]) as empty (day, known_keys)
where exists (select from {table} where usage_date = day)
order by day
