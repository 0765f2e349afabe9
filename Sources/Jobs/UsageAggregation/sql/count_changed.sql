select staged.rows, staged.keys, changes.changed, changes.inserted, changes.updated, changes.regressed
from (
  -- Keys are told apart by a 64-bit digest of both parts: ten times cheaper than comparing them.
  select count(*) as rows,
    count(distinct hashtextextended(merchant_id, 0) # hashtextextended(metric_type, 1)) as keys
  from staged_counters where usage_date = :day and rejection is null
) staged, (
  select count(*) as changed,
    count(*) filter (where stored is null) as inserted,
    count(*) filter (where stored < value) as updated,
    count(*) filter (where stored > value) as regressed
  from changed
) changes
