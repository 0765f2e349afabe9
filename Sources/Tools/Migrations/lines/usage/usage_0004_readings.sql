-- usage-aggregation: which share of the keys a shard had read when it completed a day.

alter table oneshot.usage_days
  add column reading text not null default '';
comment on column oneshot.usage_days.reading is
  'How the shard found its counters: empty, by their merchants; otherwise the run_id of the Redis whose keys were shared out.';
