-- Documents by their ids.
page as materialized (select * from source_rows where id = any (:ids)),
twice as materialized (
  select id::text as id from page group by id having count(*) > 1 limit 1
)
