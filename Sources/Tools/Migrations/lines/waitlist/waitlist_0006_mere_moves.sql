-- waitlist-positions: a move of which nothing but the place is kept is three numbers, and not a row.

-- An entry that moves without referrals, a message or a row of waitlist_placements needs no more than its old and its
-- new place. The first time for a campaign these are nearly all of those that move.
alter type oneshot.waitlist_reading add attribute movers bigint[], add attribute moved_from bigint[],
  add attribute moved_to bigint[];
comment on type oneshot.waitlist_reading is
  'unplaced: entries without an original position. has_gone: waitlist_placements has a row of an entry that is no more. is_odd: there may be a referred_by that cannot count besides those that were given. movers, moved_from, moved_to: entries of which only the place changes, the old places and the new ones.';

-- Writes what was read: places, what is kept of them, and events, in one statement.
create function oneshot.waitlist_write(
  campaign bigint, reading oneshot.waitlist_reading, rules jsonb, moment timestamptz, run_id uuid,
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
    from (
      select entry_id, from_position, to_position from unnest(reading.changes)
      where not is_stored_here and from_position is distinct from to_position
      union all
      select * from unnest(reading.movers, reading.moved_from, reading.moved_to)
    ) as c (entry_id, from_position, to_position)
    where e.id = c.entry_id and e.campaign_id = campaign
    -- A trigger of the application may have left a place as it was, and then nobody must be notified of it.
    returning c.entry_id, c.from_position, c.to_position, e.position is not distinct from c.to_position as is_done
  ), done as materialized (
    select c.*, c.from_position is distinct from c.to_position as is_moving,
      case when c.is_due then
        concat('waitlist_entries/', c.entry_id, '/', to_json(moment at time zone 'utc') #>> '{}', 'Z') end as dedup
    from unnest(reading.changes) as c
    where is_stored_here or c.from_position is not distinct from c.to_position
      or c.entry_id in (select entry_id from placed where is_done)
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
  ), moving as (
    select from_position, to_position from placed where is_done
    union all
    select from_position, to_position from done where is_stored_here and is_moving
  )
  select count(*), count(*) filter (where to_position < from_position),
    count(*) filter (where to_position > from_position), (select count(*) from happened),
    cardinality(reading.movers) + (
      select count(*) from unnest(reading.changes) where from_position is distinct from to_position) - count(*)
  into moved, up, down, notified, refused
  from moving;
end
$$;
