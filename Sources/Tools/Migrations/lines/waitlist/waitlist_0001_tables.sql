-- waitlist-positions: why an entry has its place, what it was last told, and how each campaign stood.

create table oneshot.waitlist_placements (
  campaign_id bigint not null,
  entry_id bigint not null,
  -- Null for an entry without an original position, which is last.
  priority bigint,
  referrals integer not null,
  -- Only with WAITLIST_TARGET=placements.
  position bigint,
  notified_position bigint,
  notified_at timestamptz,
  moved_at timestamptz not null,
  primary key (campaign_id, entry_id)
);
comment on table oneshot.waitlist_placements is
  'Entries with referrals that count, and entries whose place has changed since their first one. Any other has no referrals, its original position as its priority, and was told nothing since its first place.';

create table oneshot.waitlist_standings (
  campaign_id bigint primary key,
  -- What the campaign was placed by, and when; null before its first time.
  rules jsonb,
  points bigint,
  placed_at timestamptz,
  entries bigint,
  -- Entries without an original position; entries that share theirs; a digest of all original positions.
  unplaced bigint,
  twins bigint not null default 0,
  originals bigint,
  -- Entries whose referred_by cannot count.
  odd bigint[] not null default '{}',
  -- When the first of the messages that were held back may be sent.
  held_until timestamptz,
  -- Of everything that places depend on, once a run has found nothing to do.
  digest bigint
);
comment on table oneshot.waitlist_standings is
  'One row for each campaign that waitlist-positions, or the handler positions of event-drain, has placed. Who places a campaign holds its lock.';

create table oneshot.waitlist_position_history (
  campaign_id bigint not null,
  entry_id bigint not null,
  moved_at timestamptz not null,
  from_position bigint,
  -- Null once the entry has left.
  to_position bigint,
  priority bigint,
  referrals integer not null,
  run_id uuid
);
create index waitlist_position_history_by_entry on oneshot.waitlist_position_history (entry_id, moved_at);
comment on table oneshot.waitlist_position_history is 'Each change of a place, with WAITLIST_HISTORY=true.';
