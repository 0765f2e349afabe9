-- reward-delivery: ids of rewards may have a collation of their own.

-- Makes rewards due that nobody has decided on: what the handler of job.reward.deliver does. Rewards that have an outcome
-- stay as they are. Returns the ids of those that cannot be made due: there is no such reward, or its status is neither
-- null nor pending, earned or due, so the application has set it to something else (revoked) before the event came.
--
-- The table is the one that the caller's search_path finds, written with the caller's privileges.
create or replace function oneshot.rewards_due(reward_ids text[]) returns setof text language plpgsql as $$
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
    '  select w.text_id, r.id, coalesce(r.status::text, ''pending'') as status, exists ('
    '      select from oneshot.reward_deliveries as d where d.reward_id = r.id::text collate "C") as is_decided'
    '  from wanted as w join rewards as r on r.id = w.id order by r.id for no key update of r'
    '), made_due as ('
    '  update rewards as r set status = ''due'' from there as t'
    '  where r.id = t.id and not t.is_decided and t.status in (''pending'', ''earned'')'
    ') '
    'select text_id from wanted where text_id not in ('
    '  select text_id from there where is_decided or status in (''pending'', ''earned'', ''due''))', id_type)
  using reward_ids;
end
$$;
comment on function oneshot.rewards_due(text[]) is
  'Sets the status of rewards to due that is null, pending or earned, where reward-delivery has not decided on them; returns the ids of those that are not there, or have another status.';
