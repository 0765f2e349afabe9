-- The next documents of this shard by their ids, with all that have the last one's id: there is to be one of each, and
-- the next page begins behind it. (A null is folded away before the statement is planned.)
page as materialized (
  select * from source_rows
  where (id > :after or :after is null) and id <= :upto
    and (:shards = 1 or (hashtext(id::text collate "C") & 2147483647) % :shards = :shard)
  order by id
  fetch first (:limit) rows with ties
)
