-- operations, run
\set lowest '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set highest '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set limit '''20''::bigint'
prepare golden (unknown, unknown, bigint) as
-- The runs whose ids begin alike; what is JSON also in lines for people, an element of a list on a line of its own.
select r.*, laid_out.counts as counts_lines, laid_out.details as details_lines
from oneshot.job_runs r cross join lateral (
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
where r.run_id between $1::uuid and $2::uuid
order by r.run_id
limit $3
;
execute golden (:lowest, :highest, :limit);
deallocate golden;
