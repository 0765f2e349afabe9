-- How far this page goes, and whether an id stands in it twice.
done as materialized (
  select coalesce(sum(documents), 0)::bigint as documents,
    (select id::text from page order by page.id desc limit 1) as last_id,
    min(id::text) filter (where documents > 1) as twice
  from (select id, count(*) as documents from page group by id) as ids
)
