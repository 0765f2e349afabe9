-- Stored rows that are not exactly what they should be. A row from before sums were exact (sum_exact is null) has a sum
-- that depended on the order of the additions: within a billionth of the largest possible sum, it counts as equal.
select coalesce(f.bucket_start, r.bucket_start) as bucket_start, coalesce(f.metric, r.metric) as metric,
  coalesce(f.entity_type, r.entity_type) as entity_type, coalesce(f.entity_id, r.entity_id) as entity_id,
  case
    when r.count is null then 'nothing'
    else format('count %s, sum %s, min %s, max %s', r.count, coalesce(r.sum_exact, r.sum::text::numeric), r.min, r.max)
      || case when r.sum_exact::double precision <> r.sum then format(' (and as a double %s)', r.sum) else '' end
      || case when r.visitors is null then '' else format(', visitors %s', r.visitors) end
  end as stored,
  case when f.count is null then 'nothing' else format('count %s, sum %s, min %s, max %s', f.count, coalesce(f.sum_exact, f.sum::text::numeric), f.min, f.max)
      || case when f.visitors is null then '' else format(', visitors %s', f.visitors) end || case when f.visitors = r.visitors and is_other then ' (other ones)' else '' end
  end as expected,
  count(*) over () as total
from (select * from oneshot_rollup_fresh where not bucket_start = any (:pending::timestamptz[])) as f
full join (select * from ({stored}) as stored where not bucket_start = any (:pending::timestamptz[])) as r
  on f.bucket_start = r.bucket_start and f.metric = r.metric and f.entity_type = r.entity_type
    and f.entity_id = r.entity_id
cross join lateral (select nullif(greatest(abs(f.min), abs(f.max)), 0) as most) as largest
-- Visitors that were never counted are no difference. A sketch compared with exact visitors, from before the extension
-- was added or removed, is approximately right.
cross join lateral (
  select case
      when r.visitors is null then false
      when (f.visitor_sketch is null) = (r.visitor_sketch is null)
      then (f.visitors, f.visitor_hashes, f.visitor_sketch) is distinct from (r.visitors, r.visitor_hashes, r.visitor_sketch)
      else coalesce(abs(f.visitors - r.visitors) > 0.1 * greatest(f.visitors, r.visitors), true)
    end as is_other) as visiting
where (f.count, f.min, f.max) is distinct from (r.count, r.min, r.max)
  or case
    when r.sum_exact is null then coalesce(abs(f.sum / most - r.sum / most) > 1e-9 * f.count, f.sum <> r.sum)
    else (f.sum, f.sum_exact) is distinct from (r.sum, r.sum_exact)
  end
  or is_other
order by 1, 2, 3, 4
limit :limit
