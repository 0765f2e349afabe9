-- What a run has to know before its work: how the application's tables are made.
select
  -- What is missing is missing where nothing is queued, too.
  exists (
    select f.follower_id, f.followee_id, f.created_at, u.id
    from follows as f, users as u where f.follower_id = u.id and false) as never,
  format_type((select atttypid from pg_attribute where attrelid = to_regclass('users') and attname = 'id'), -1) as id_type,
  array_to_string(array(
    select attname from pg_attribute
    where attrelid = to_regclass('users') and attname = any (:columns::text[]) and not attisdropped
    order by 1), ',') as found_columns,
  array_to_string(array(
    select name from unnest(:tables::text[]) as names (name) where to_regclass(name) is not null
    order by 1), ',') as found_tables,
  array_to_string(array(select name from ({untracked}) as untracked order by 1), ',') as untracked,
  (select counted_at from oneshot.suggestion_state) as counted_at,
  {pairs_once} as has_pairs_once,
  {collations} as collations
