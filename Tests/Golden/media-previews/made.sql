-- media-previews, made
\set asset_id ''''''
\set kind ''''''
\set shards '''2''::bigint'
\set shard '''0''::bigint'
\set is_all 'false'
\set video_spec '''mp4 seconds=10 from=0s box=640 v1'''
\set audio_spec '''mp3 seconds=30 from=0s v1'''
\set limit '''500''::bigint'
prepare golden (unknown, unknown, bigint, bigint, boolean, unknown, unknown, bigint) as
-- The next rows that have a preview in the folder: all of them, or those of another spec whose source is not at an
-- address, which has expired by now.
select asset_id, kind, source, upload_to, source_tag, target, to_json(due_at) #>> '{}' as due_at
from oneshot.media_previews
where state = 'made' and coalesce(target, '') not like 'https://%' and (asset_id, kind) > ($1, $2) and -- Whether a row is of this run's share.
($3 = 1 or (hashtext(asset_id)::bigint & 2147483647) % $3 = $4)

  and ($5 or source not like 'https://%' and spec is distinct from case kind when 'video' then $6 else $7 end)
order by asset_id, kind
limit $8
;
execute golden (:asset_id, :kind, :shards, :shard, :is_all, :video_spec, :audio_spec, :limit);
deallocate golden;
