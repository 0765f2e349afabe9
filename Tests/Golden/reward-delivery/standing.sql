-- reward-delivery, standing
\set instance ''''''
\set job '''reward-delivery'''
prepare golden (unknown, unknown) as
-- What a run has to know before its work: whether something has failed before, and how the application's tables are made.
with columns as (
  -- Without their lengths: a cast to char(8) or varchar(8) would cut off what is longer, and one to char all but a character.
  select attname, attnum, format_type(atttypid, -1) as type, format_type(atttypid, atttypmod) as whole_type,
    (select format(' collate %I.%I', nspname, collname)
    from pg_collation join pg_namespace on pg_namespace.oid = collnamespace where pg_collation.oid = attcollation) as collated
  from pg_attribute where attrelid = to_regclass('rewards') and attname in ('id', 'status') and not attisdropped
)
select
  exists (
    select from oneshot.dead_letters
    where (instance, job, server) = ($1, $2, '') and state = 'pending') as has_letters,
  -- What is missing is missing where nothing is due, too.
  exists (
    select r.id, r.campaign_id, r.type, r.method, r.earned_at, u.id as user_id, u.email
    from rewards as r, users as u where r.user_id = u.id and r.status = 'due' and false) as never,
  (select type from columns where attname = 'id') as id_type,
  (select collated from columns where attname = 'id') as id_collation,
  (select type from columns where attname = 'status') as status_type,
  (select whole_type from columns where attname = 'status') as whole_status_type,
  (select string_agg(format(' and (%s)', pg_get_expr(conbin, conrelid)), '' order by conname)
    from pg_constraint join columns on attname = 'status' and conkey = array[attnum]
    where conrelid = to_regclass('rewards') and contype = 'c') as status_rules,
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
