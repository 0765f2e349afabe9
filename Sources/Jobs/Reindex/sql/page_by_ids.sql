-- The same documents as page.sql, read by their ids: so no other one's texts are made, however the server finds and sorts
-- them. For a page in which a document fails.
page_ids as materialized (
  select id from source_rows
  where (id > :after or :after is null) and id <= :upto
    and (:shards = 1 or (hashtext(id::text collate "C") & 2147483647) % :shards = :shard)
  order by id
  fetch first (:limit) rows with ties
), page as materialized (select * from source_rows where id = any (array(select id from page_ids)))
