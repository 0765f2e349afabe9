-- reward-delivery, standing
\set instance ''''''
\set job '''reward-delivery'''
prepare golden (unknown, unknown) as
-- What a run has to know before its work: whether something has failed before, and how the application's tables are made.
select
  exists (
    select from oneshot.dead_letters
    where (instance, job, server) = ($1, $2, '') and state = 'pending') as has_letters,
  -- What is missing is missing where nothing is due, too.
  exists (
    select r.campaign_id, r.type, r.method, r.earned_at, u.id, u.email
    from rewards as r, users as u where r.user_id = u.id and r.status = 'due' and false) as never,
  pg_typeof((select id from rewards limit 0))::text as id_type,
  pg_typeof((select status from rewards limit 0))::text as status_type,
  array_to_string(array(
    select attname from pg_attribute
    where attrelid = to_regclass('users') and attname in ('locale', 'name') and not attisdropped
    union all
    select attname from pg_attribute
    where attrelid = to_regclass('rewards') and attname = 'expires_at' and not attisdropped), ',') as optional_columns,
  (select nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = to_regclass('rewards')) as rewards_schema,
  (select rewards_schema from oneshot.reward_source) as known_schema
;
execute golden (:instance, :job);
deallocate golden;
