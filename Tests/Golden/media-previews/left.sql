-- media-previews, left
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set shards '''2''::bigint'
\set shard '''0''::bigint'
prepare golden (timestamptz, bigint, bigint) as
-- How many rows are due.
select count(*) as due from oneshot.media_previews where state = 'pending' and due_at <= $1 and -- Whether a row is of this run's share.
($2 = 1 or (hashtext(asset_id)::bigint & 2147483647) % $2 = $3)
;
execute golden (:moment, :shards, :shard);
deallocate golden;
