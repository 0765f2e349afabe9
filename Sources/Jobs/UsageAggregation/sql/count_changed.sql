select
  staged.rows,
  staged.keys,
  staged.rejected,
  count(value) as changed,
  count(value) filter (where stored is null) as inserted,
  count(*) filter (where stored < value) as updated,
  count(*) filter (where stored > value) as regressed
from changed right join (
  -- Keys are told apart by a 64-bit digest of both parts: ten times cheaper than comparing them.
  select count(merchant_id) as rows, count(rejection) as rejected,
    count(distinct hashtextextended(merchant_id, 0) # hashtextextended(metric_type, 1)) as keys
  from staged_counters where usage_date = :day
) staged on true
group by staged.rows, staged.keys, staged.rejected
