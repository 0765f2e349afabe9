-- usage-aggregation, regressed
\set key_prefix '''usage:'''
\set day '''2025-11-01''::date'
\set limit '''100''::bigint'
prepare golden (unknown, date, bigint) as
-- Counters of a day that are smaller than what is stored.
select $1 || s.merchant_id || ':' || s.usage_date || ':' || s.metric_type as item,
  s.merchant_id, s.metric_type, max(s.value) as value, t.value as stored
from staged_counters s
join merchant_usage t
  on t.usage_date = $2 and t.merchant_id = s.merchant_id and t.metric_type = s.metric_type
where s.usage_date = $2
group by s.merchant_id, s.usage_date, s.metric_type, t.value
having max(s.value) < t.value
order by s.merchant_id, s.metric_type
limit $3
;
execute golden (:key_prefix, :day, :limit);
deallocate golden;
