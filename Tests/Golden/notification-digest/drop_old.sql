-- notification-digest, drop_old
\set before '''2025-10-09T09:00:00Z''::timestamptz'
\set frequencies '''{"daily"}'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set limit '''5000''::bigint'
prepare golden (timestamptz, unknown, bigint, bigint, bigint) as
-- Drops items that have waited for too long, a limited number at a time.
delete from oneshot.digest_items
where (user_id, frequency, notification_id) in (
  select user_id, frequency, notification_id
  from oneshot.digest_items
  where digest_id is null and queued_at < $1 and frequency = any ($2::text[])
    and (hashtext(user_id)::bigint & 2147483647) % $3 = $4
  order by queued_at
  limit $5
  for update skip locked)
;
execute golden (:before, :frequencies, :shards, :shard, :limit);
deallocate golden;
