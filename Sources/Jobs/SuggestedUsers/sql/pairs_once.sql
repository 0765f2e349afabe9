-- Whether the server keeps a pair from standing in follows twice, and each side of it from being null. It does so in no view,
-- and not in a table that others inherit from.
exists (
    select from pg_index join pg_class on pg_class.oid = indrelid
    where indrelid = to_regclass('follows') and indisunique and indisvalid and indpred is null and indexprs is null
      and (relkind = 'p' or not relhassubclass)
      and (
        select count(*) from pg_attribute
        where attrelid = indrelid and attname in ('follower_id', 'followee_id') and attnotnull) = 2
      and not exists (
        select from generate_series(0, indnkeyatts - 1) as place
        left join pg_attribute on attrelid = indrelid and attnum = indkey[place]
          and attname in ('follower_id', 'followee_id')
        where attname is null))
