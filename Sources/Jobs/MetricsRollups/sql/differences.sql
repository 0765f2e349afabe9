-- Where what is stored is not what it should be, exactly. A row from before sums were exact (sum_exact is null) has one that depended
-- on the order in which it was added up: within a billionth of the largest that it could be, it is the same.
select coalesce(f.bucket_start, r.bucket_start) as bucket_start, coalesce(f.metric, r.metric) as metric,
  coalesce(f.entity_type, r.entity_type) as entity_type, coalesce(f.entity_id, r.entity_id) as entity_id,
  case
    when r.count is null then 'nothing'
    else format('count %s, sum %s, min %s, max %s', r.count, coalesce(r.sum_exact, r.sum::text::numeric), r.min, r.max)
      || case when r.sum_exact::double precision <> r.sum then format(' (and as a double %s)', r.sum) else '' end
  end as stored,
  case when f.count is null then 'nothing' else format('count %s, sum %s, min %s, max %s', f.count, coalesce(f.sum_exact, f.sum::text::numeric), f.min, f.max) end
    as expected,
  count(*) over () as total
from (select * from oneshot_rollup_fresh where not bucket_start = any (:pending::timestamptz[])) as f
full join (select * from ({stored}) as stored where not bucket_start = any (:pending::timestamptz[])) as r
  on f.bucket_start = r.bucket_start and f.metric = r.metric and f.entity_type = r.entity_type
    and f.entity_id = r.entity_id
cross join lateral (select nullif(greatest(abs(f.min), abs(f.max)), 0) as most) as largest
where (f.count, f.min, f.max) is distinct from (r.count, r.min, r.max)
  or case
    when r.sum_exact is null then coalesce(abs(f.sum / most - r.sum / most) > 1e-9 * f.count, f.sum <> r.sum)
    else (f.sum, f.sum_exact) is distinct from (r.sum, r.sum_exact)
  end
order by 1, 2, 3, 4
limit :limit
