-- waitlist-positions: a campaign has one installation that places it; twins are counted only where there are some.

alter table oneshot.waitlist_standings
  add column instance text;
comment on column oneshot.waitlist_standings.instance is
  'JOB_INSTANCE of the installation that places the campaign. Null: the next one that runs.';

-- Waits for whoever else places the campaign, also where that is its first time, and makes it the installation's.
--
-- is_plan: waits for nobody, and writes nothing.
--
-- Raises: object_not_in_prerequisite_state where another installation places it. Two of them may have different
-- settings, and then each would undo what the other has done, and notify people of both.
create function oneshot.waitlist_turn(campaign bigint, instance text, is_plan boolean) returns void
language plpgsql as $$
declare
  owner text;
begin
  if is_plan then
    select s.instance into owner from oneshot.waitlist_standings as s where s.campaign_id = campaign;
  else
    insert into oneshot.waitlist_standings (campaign_id) values (campaign) on conflict do nothing;
    select s.instance into owner from oneshot.waitlist_standings as s where s.campaign_id = campaign for no key update;
  end if;
  if owner <> instance then
    raise exception 'campaign % is placed by %, and this is %', campaign,
      coalesce('the installation ' || nullif(owner, ''), 'the installation without a JOB_INSTANCE'),
      coalesce('the installation ' || nullif(instance, ''), 'the one without a JOB_INSTANCE')
      using errcode = 'object_not_in_prerequisite_state', hint = format(
        'Let one installation place it, or leave it out of WAITLIST_CAMPAIGN here. If this one takes its place, run: '
        'update oneshot.waitlist_standings set instance = null where campaign_id = %s', campaign);
  end if;
  if owner is null and not is_plan then
    update oneshot.waitlist_standings as s set instance = waitlist_turn.instance where s.campaign_id = campaign;
  end if;
end
$$;

-- How many entries of a campaign share their original position with another one.
create function oneshot.waitlist_twins(campaign bigint) returns bigint
language plpgsql stable
set jit = off set work_mem = '128MB' set plan_cache_mode = force_custom_plan as $$
begin
  -- Nearly always there are none, and to see that is quicker than to count them: sign-ups lie in their order.
  if (
    select count(e.original_position) = count(distinct e.original_position)
    from waitlist_entries as e
    where e.campaign_id = campaign and e.status::text is distinct from 'withdrawn')
  then
    return 0;
  end if;
  return (
    select coalesce(sum(sharing), 0)
    from (
      select count(*) as sharing from waitlist_entries as e
      where e.campaign_id = campaign and e.status::text is distinct from 'withdrawn' and e.original_position is not null
      group by e.original_position
      having count(*) > 1) as shared);
end
$$;
