-- media-previews, due
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set due_at '''-infinity'''
\set asset_id ''''''
\set kind ''''''
\set shards '''2''::bigint'
\set shard '''0''::bigint'
\set limit '''500''::bigint'
prepare golden (timestamptz, unknown, unknown, unknown, bigint, bigint, bigint) as
-- The next rows that are due, those that have waited longest first.
select asset_id, kind, source, upload_to, source_tag, target, to_json(due_at) #>> '{}' as due_at
from oneshot.media_previews
where state = 'pending' and due_at <= $1
  and (due_at, asset_id, kind) > ($2::text::timestamptz, $3, $4) and -- Whether a row is of this run's share.
($5 = 1 or (hashtext(asset_id)::bigint & 2147483647) % $5 = $6)

order by due_at, asset_id, kind
limit $7
;
execute golden (:moment, :due_at, :asset_id, :kind, :shards, :shard, :limit);
deallocate golden;
