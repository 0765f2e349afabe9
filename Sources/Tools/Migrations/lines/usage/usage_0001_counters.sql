-- usage-aggregation: where counters are kept, and which days are done.

-- Collation "C" compares bytes: ids are names, not words, and sorting them so is several times faster.
create table merchant_usage (
  merchant_id text collate "C" not null,
  usage_date date not null,
  metric_type text collate "C" not null,
  value bigint not null,
  first_seen_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (merchant_id, usage_date, metric_type)
);
comment on table merchant_usage is 'The value of each usage counter, moved here from Redis by usage-aggregation.';

-- Days arrive one after the other, so a few kilobytes tell where a day's rows are; without it, merging
-- one day would read every day there is.
create index merchant_usage_by_date on merchant_usage using brin (usage_date) with (pages_per_range = 32, autosummarize = on);

create table oneshot.usage_days (
  instance text not null default '',
  -- The Redis that the counters were read from.
  server text not null default '',
  key_prefix text not null,
  usage_date date not null,
  shard integer not null,
  shard_count integer not null,
  keys bigint not null,
  completed_at timestamptz not null,
  run_id uuid not null,
  primary key (instance, server, key_prefix, usage_date, shard_count, shard)
);
comment on table oneshot.usage_days is
  'Days that were over, and whose counters were all written, when a run of usage-aggregation read them.';
