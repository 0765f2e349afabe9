-- How far this page goes, and whether an id stands in it twice.
done as materialized (
  select count(*) as documents, (select id::text from page order by page.id desc limit 1) as last_id,
    case when count(*) > count(distinct id) then (
      select id::text from page group by id having count(*) > 1 limit 1) end as twice
  from page
)
