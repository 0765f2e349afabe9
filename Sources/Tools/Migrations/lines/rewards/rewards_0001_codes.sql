-- reward-delivery: the codes that there are, which reward has which, and what became of each reward.

create table oneshot.reward_codes (
  reward_type text collate "C" not null,
  code text collate "C" not null,
  valid_until timestamptz,
  -- A reward has at most one code, for ever.
  reward_id text collate "C" unique,
  given_at timestamptz,
  -- Set by whoever takes a code out of use.
  void_at timestamptz,
  primary key (reward_type, code),
  -- It stands in mails as it is.
  constraint reward_codes_printable check (
    length(code) between 1 and 200 and code !~ '[\u0001-\u001f\u007f-\u009f]')
);
create index reward_codes_free on oneshot.reward_codes (reward_type, (coalesce(valid_until, 'infinity')), code)
  where reward_id is null and void_at is null;
comment on table oneshot.reward_codes is
  'Codes that somebody loads, and the reward that each was given to. Those that are valid for the shortest time are given first, others by their text.';

create table oneshot.reward_types (
  reward_type text collate "C" primary key,
  needs_code boolean not null,
  -- What a mail calls it; without one the type.
  title text,
  template text collate "C" not null default 'reward_earned',
  -- The row of oneshot.webhook_endpoints that grants rewards of the method webhook.
  endpoint_id text collate "C",
  -- With fewer free codes a run warns.
  low_codes integer not null default 50
);
comment on table oneshot.reward_types is 'The types of rewards, and how each is delivered.';

create table oneshot.reward_deliveries (
  reward_id text collate "C" primary key,
  reward_type text collate "C" not null,
  method text collate "C" not null,
  state text collate "C" not null check (state in ('queued', 'delivered', 'failed', 'held', 'no_code', 'gone')),
  -- The last message that was requested, and how many were.
  delivery_id uuid,
  requests integer not null default 0,
  decided_at timestamptz not null,
  ended_at timestamptz,
  reason text
);
create index reward_deliveries_open on oneshot.reward_deliveries (reward_id)
  where state in ('queued', 'held', 'no_code', 'failed');
comment on table oneshot.reward_deliveries is 'What became of each reward that reward-delivery has seen: one row, for ever.';

create table oneshot.reward_source (
  only_row boolean primary key default true check (only_row),
  rewards_schema text not null
);
comment on table oneshot.reward_source is
  'The schema of the table rewards. Two tables of that name would have the same ids for different rewards.';

-- Makes rewards due that nobody has decided on: what the handler of job.reward.deliver does. Rewards that have an outcome
-- stay as they are. Returns the ids of which there is no reward.
--
-- The table is the one that the caller's search_path finds, written with the caller's privileges.
create function oneshot.rewards_due(reward_ids text[]) returns setof text language plpgsql as $$
declare
  id_type regtype;
begin
  if reward_ids = '{}' then return; end if;
  select atttypid into strict id_type
  from pg_catalog.pg_attribute where attrelid = 'rewards'::pg_catalog.regclass and attname = 'id' and not attisdropped;
  return query execute pg_catalog.format(
    'with wanted as materialized ('
    '  select text_id, oneshot.as_type(text_id, null::%1$s) as id from pg_catalog.unnest($1) as given (text_id)'
    '), there as materialized ('
    -- In an order, so that two callers do not wait for each other.
    '  select w.text_id, r.id from wanted as w join rewards as r on r.id = w.id order by r.id for no key update of r'
    '), made_due as ('
    '  update rewards as r set status = ''due'' from there'
    '  where r.id = there.id and r.status is distinct from ''due'' and not exists ('
    '    select from oneshot.reward_deliveries as d where d.reward_id = r.id::text)'
    ') '
    'select text_id from wanted where text_id not in (select text_id from there)', id_type)
  using reward_ids;
end
$$;
comment on function oneshot.rewards_due(text[]) is
  'Sets the status of rewards to due where reward-delivery has not decided on them, and returns the ids of which there is no reward.';
