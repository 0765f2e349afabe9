-- The counters of a day that differ from the stored values. SCAN may return a key twice; the greater value counts.
-- Sorted like the primary key: inserting in that order is three times faster.
with changed as materialized (
  select distinct on (s.merchant_id, s.metric_type{staged_hour})
    s.merchant_id, s.metric_type{staged_hour}, s.value, t.value as stored
  from staged_counters s
  left join {table} t
    on t.usage_date = :day and t.merchant_id = s.merchant_id and t.metric_type = s.metric_type{same_hour}
  where s.usage_date = :day and s.rejection is null and t.value is distinct from s.value
  order by s.merchant_id{staged_hour}, s.metric_type, s.value desc
)
{written}
select staged.rows, staged.keys, changes.changed, changes.inserted, changes.updated, changes.regressed
from (
  -- Keys are distinguished by a 64-bit digest of their parts: ten times cheaper than comparing them.
  select count(*) as rows,
    count(distinct hashtextextended(merchant_id, 0) # hashtextextended(metric_type, 1){hour_digest}) as keys
  from staged_counters where usage_date = :day and rejection is null
) staged, (
  select count(*) as changed,
    count(*) filter (where stored is null) as inserted,
    count(*) filter (where stored < value) as updated,
    count(*) filter (where stored > value) as regressed
  from changed
) changes
