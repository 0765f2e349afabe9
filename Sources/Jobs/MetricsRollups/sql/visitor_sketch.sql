-- The same whatever the order and the number of its parts.
case when sketches is not null or cardinality(hashes) > :exact_visitors then (
  select {hll}.hll_send(coalesce({hll}.hll_union(sketches, added), sketches, added))
  from (
    select {hll}.hll_add_agg(hash::{hll}.hll_hashval, 13, 5, 0, 1) as added from unnest(hashes) as hash) as added)
end
