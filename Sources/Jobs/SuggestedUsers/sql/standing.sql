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
  -- Texts of two collations are not compared, unless one is the database's own.
  (
    select string_agg(distinct attrelid::regclass || '.' || attname || ' ' || attcollation::regcollation, ', ')
    from (values
      ('users', 'id'), ('follows', 'follower_id'), ('follows', 'followee_id'), ('blocks', 'user_id'),
      ('blocks', 'target_id'), ('mutes', 'user_id'), ('mutes', 'target_id'), ('suggestion_dismissals', 'user_id'),
      ('suggestion_dismissals', 'target_id'), ('follow_requests', 'follower_id'), ('follow_requests', 'followee_id')
    ) as read (name, column_name)
    join pg_attribute on attrelid = to_regclass(name) and attname = column_name and attnum > 0 and not attisdropped
    where attcollation not in (0, 'pg_catalog."default"'::regcollation)
    having count(distinct attcollation) > 1) as collations
