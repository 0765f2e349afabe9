-- media-previews, known
\set asset_ids '''{"17"}'''
\set shards '''2''::bigint'
\set shard '''0''::bigint'
prepare golden (unknown, bigint, bigint) as
-- The targets of some assets, of those that have rows.
select asset_id, kind, target
from oneshot.media_previews
where asset_id = any ($1::text[]) and -- Whether a row is of this run's share.
($2 = 1 or (hashtext(asset_id)::bigint & 2147483647) % $2 = $3)
;
execute golden (:asset_ids, :shards, :shard);
deallocate golden;
