-- Drops items that have waited for too long, a limited number at a time.
delete from oneshot.digest_items
where (user_id, frequency, notification_id) in (
  select user_id, frequency, notification_id
  from oneshot.digest_items
  where digest_id is null and queued_at < :before and frequency = any (:frequencies::text[])
    and (hashtext(user_id)::bigint & 2147483647) % :shards = :shard
  order by queued_at
  limit :limit
  for update skip locked)
