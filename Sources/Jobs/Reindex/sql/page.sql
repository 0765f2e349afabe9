-- The next documents of this shard by their ids. (A null is folded away before the statement is planned.)
page as materialized (
  select * from source_rows
  where (id > :after or :after is null) and id <= :upto
    and (:shards = 1 or (hashtext(id::text) & 2147483647) % :shards = :shard)
  order by id
  limit :limit
)
