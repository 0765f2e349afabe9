-- How many rows each of these days has of which Redis has no counter any more; nothing of a day without rows. Rows do not
-- say which schedule wrote them: where there is another one, only what this one has completed counts.
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
