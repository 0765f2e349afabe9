-- The runs whose ids have this beginning; JSON also as lines for people, one line for each element of a list.
with r as materialized (
  select {columns}
  from oneshot.job_runs r
  where r.run_id between :lowest::uuid and :highest::uuid
  order by r.run_id
  limit :limit
)
select r.*, laid_out.counts as counts_lines, laid_out.details as details_lines
from r cross join lateral (
  select max(lines) filter (where is_counts) as counts, max(lines) filter (where not is_counts) as details
  from (
    select is_counts, string_agg(
      case when jsonb_typeof(value) = 'array' and value <> '[]'
        then key || (select string_agg(e'\n  ' || element::text, '') from jsonb_array_elements(value) as element)
        else rpad(key, width + 2) || value::text end, e'\n' order by key) as lines
    from (
      select is_counts, key, value, max(length(key)) over (partition by is_counts) as width
      from (values (true, r.counts), (false, r.details)) as stored (is_counts, document),
        lateral jsonb_each(case when jsonb_typeof(document) = 'object' then document end)) as members
    group by is_counts) as kinds
) as laid_out
order by r.run_id
