-- waitlist-positions: a campaign is placed by oneshot.waitlist_place, whoever calls it.
--
-- The tables of the application are those that the caller's search_path finds, written with the caller's privileges.

-- Writes what was read: places, what is kept of them, and events, in one statement.
create function oneshot.waitlist_write(
  campaign bigint, changes oneshot.waitlist_change[], rules jsonb, moment timestamptz, run_id uuid,
  out moved bigint, out up bigint, out down bigint, out notified bigint, out refused bigint
) language plpgsql
set jit = off set work_mem = '128MB' set plan_cache_mode = force_custom_plan as $$
declare
  is_stored_here constant boolean := rules ->> 'target' = 'placements';
  keeps_history constant boolean := (rules ->> 'history')::boolean;
begin
  with placed as (
    update waitlist_entries as e
    set position = c.to_position
    from unnest(changes) as c
    where not is_stored_here and c.from_position is distinct from c.to_position
      and e.id = c.entry_id and e.campaign_id = campaign
    returning c.*, e.position
  ), done as materialized (
    select entry_id, is_here, priority, referrals, from_position, to_position, told, is_due, top, notified_at, moved_at,
      from_position is distinct from to_position as is_moving,
      case when is_due then
        concat('waitlist_entries/', entry_id, '/', to_json(moment at time zone 'utc') #>> '{}', 'Z') end as dedup
    from (
      -- A trigger of the application may have left a place as it was, and then nobody must be notified of it.
      select * from placed where position is not distinct from to_position
      union all
      select *, null from unnest(changes) where is_stored_here or from_position is not distinct from to_position
    ) as stored
  ), happened as (
    insert into oneshot.events (dedup, event, run_id)
    select dedup, jsonb_build_object(
      'id', dedup, 'type', 'waitlist.position_update', 'timestamp', moment, 'campaign_id', campaign::text,
      'data', jsonb_build_object(
        'entry_id', entry_id, 'from', told, 'to', to_position, 'referrals', referrals, 'priority', priority, 'top', top)),
      waitlist_write.run_id
    from done
    where is_due
    order by to_position, entry_id
    on conflict (dedup) do nothing
    returning dedup
  ), kept as (
    insert into oneshot.waitlist_placements (
      campaign_id, entry_id, priority, referrals, position, notified_position, notified_at, moved_at)
    select campaign, c.entry_id, c.priority, c.referrals, case when is_stored_here then c.to_position end,
      case when h.dedup is null then c.told else c.to_position end,
      case when h.dedup is null then c.notified_at else moment end,
      case when c.is_moving or c.moved_at is null then moment else c.moved_at end
    from done as c
    left join happened as h using (dedup)
    -- Any other has its original position as its priority, and was told the place that it has.
    where c.is_here
      and (c.moved_at is not null or is_stored_here or c.referrals > 0 or c.told is distinct from c.to_position)
    order by c.entry_id
    on conflict (campaign_id, entry_id) do update
    set (priority, referrals, position, notified_position, notified_at, moved_at) = (
      excluded.priority, excluded.referrals, excluded.position, excluded.notified_position, excluded.notified_at,
      excluded.moved_at)
  ), gone as (
    delete from oneshot.waitlist_placements as w
    using done as c
    where not c.is_here and w.campaign_id = campaign and w.entry_id = c.entry_id
  ), remembered as (
    insert into oneshot.waitlist_position_history (
      campaign_id, entry_id, moved_at, from_position, to_position, priority, referrals, run_id)
    select campaign, entry_id, moment, from_position, to_position, priority, referrals, waitlist_write.run_id
    from done
    where keeps_history and is_moving
  )
  select count(*) filter (where c.is_moving), count(*) filter (where c.to_position < c.from_position),
    count(*) filter (where c.to_position > c.from_position), (select count(*) from happened),
    cardinality(changes) - count(*)
  into moved, up, down, notified, refused
  from done as c;
end
$$;

-- What became of a campaign.
create type oneshot.waitlist_outcome as (
  is_unchanged boolean, entries bigint, moved bigint, up bigint, down bigint, notified bigint, suppressed bigint,
  twins bigint, unplaced bigint, refused bigint, odd bigint[], notices jsonb
);
comment on type oneshot.waitlist_outcome is
  'twins: entries that share their original position. unplaced: entries without one. refused: entries whose place a trigger of the application has left as it was. odd: entries whose referred_by cannot count. notices: of a plan, the first of those that would be notified.';

-- Gives every entry of a live campaign its place, and writes an event for each that has to be notified. Null where there
-- is no such campaign.
--
-- rules: those of oneshot.waitlist_read, points (for each referral, where the campaign's row has none) and history. Without
-- them those that the campaign was placed by last, or else those of the campaign that was placed last. is_plan: write
-- nothing, and count what would be written.
create function oneshot.waitlist_place(
  campaign bigint, rules jsonb default null, moment timestamptz default now(), run_id uuid default null,
  is_plan boolean default false
) returns oneshot.waitlist_outcome
language plpgsql
set jit = off set work_mem = '128MB' as $$
declare
  standing oneshot.waitlist_standings;
  worth bigint;
  found_digest bigint;
  found_odd bigint[];
  is_sure boolean;
  reading oneshot.waitlist_reading;
  written record;
  notices jsonb;
begin
  if is_plan then
    select * into standing from oneshot.waitlist_standings as s where s.campaign_id = campaign;
  else
    insert into oneshot.waitlist_standings (campaign_id)
    select c.id from waitlist_campaigns as c where c.id = campaign and c.status::text = 'live'
    on conflict do nothing;
    -- Whoever else places this campaign waits here, and then reads what was written.
    select * into standing from oneshot.waitlist_standings as s where s.campaign_id = campaign for no key update;
  end if;
  rules := '{"points": 1, "places": "ranked", "target": "entries", "most": null, "climb": 10, "percent": 5,
      "top": [1, 10, 100], "down": false, "every": 86400, "history": false}'::jsonb
    || coalesce(rules, standing.rules,
      (select s.rules from oneshot.waitlist_standings as s where s.rules is not null order by s.placed_at desc limit 1),
      '{}');
  select coalesce((to_jsonb(c) ->> 'points_per_referral')::bigint, (rules ->> 'points')::bigint) into worth
  from waitlist_campaigns as c where c.id = campaign and c.status::text = 'live';
  if not found then return null; end if;
  if worth not between 0 and 1000000 then
    raise exception 'campaign % has % points for each referral, which is not from 0 to 1000000', campaign, worth
      using errcode = 'invalid_parameter_value', hint = 'Correct waitlist_campaigns.points_per_referral.';
  end if;

  -- A campaign in which nothing has happened is not ranked. Only a run that finds nothing to do keeps a digest: to calculate
  -- it for a campaign that changes all the time would be for nothing.
  if standing.digest is not null and (standing.rules, standing.points) = (rules, worth)
    and moment < coalesce(standing.held_until, 'infinity') and standing.digest = oneshot.waitlist_digest(campaign)
  then
    return row(true, standing.entries, 0, 0, 0, 0, 0, standing.twins, standing.unplaced, 0, standing.odd, null
      )::oneshot.waitlist_outcome;
  end if;

  -- Nearly always there are none, or still the same: to see that there are others is quicker than to find them.
  if standing.odd <> '{}' then standing.odd := oneshot.waitlist_odd(campaign); end if;
  loop
    reading := oneshot.waitlist_read(
      campaign, worth, rules, coalesce(standing.odd, '{}'), standing.placed_at is null, moment);
    if reading.is_odd then
      found_odd := oneshot.waitlist_odd(campaign);
      -- It was nothing: entries that share an original position, or have none, look odd at first.
      is_sure := found_odd = coalesce(standing.odd, '{}');
      standing.odd := found_odd;
      continue when not is_sure;
    end if;
    exit when reading.changes <> '{}' or found_digest is not null or is_plan;
    -- What happens after the digest is read again, or makes another digest.
    found_digest := oneshot.waitlist_digest(campaign);
  end loop;

  if standing.originals is distinct from reading.originals or standing.entries <> reading.entries then
    select coalesce(sum(sharing), 0) into standing.twins
    from (
      select count(*) as sharing from waitlist_entries as e
      where e.campaign_id = campaign and e.status::text is distinct from 'withdrawn' and e.original_position is not null
      group by e.original_position
      having count(*) > 1) as shared;
  end if;

  if is_plan then
    select count(*) filter (where from_position is distinct from to_position) as moved,
      count(*) filter (where to_position < from_position) as up, count(*) filter (where to_position > from_position) as down,
      count(*) filter (where is_due) as notified, 0 as refused
    into written
    from unnest(reading.changes);
    select jsonb_agg(
      jsonb_build_object('entry_id', entry_id, 'from', told, 'to', to_position) order by to_position, entry_id)
    into notices
    from (select * from unnest(reading.changes) where is_due order by to_position, entry_id limit 20) as first;
  else
    select * into written from oneshot.waitlist_write(campaign, reading.changes, rules, moment, run_id);
    if reading.has_gone then
      delete from oneshot.waitlist_placements as w
      where w.campaign_id = campaign
        and not exists (select from waitlist_entries as e where e.id = w.entry_id and e.campaign_id = campaign);
    end if;
    update oneshot.waitlist_standings as s
    set rules = waitlist_place.rules, points = worth, placed_at = moment, entries = reading.entries,
      unplaced = reading.unplaced, originals = reading.originals, twins = coalesce(standing.twins, 0),
      odd = coalesce(standing.odd, '{}'), held_until = reading.held_until,
      digest = case when reading.changes = '{}' then found_digest end
    where s.campaign_id = campaign;
  end if;
  return row(
    false, reading.entries, written.moved, written.up, written.down, written.notified, reading.suppressed,
    coalesce(standing.twins, 0), reading.unplaced, written.refused, coalesce(standing.odd, '{}'), notices
    )::oneshot.waitlist_outcome;
end
$$;
