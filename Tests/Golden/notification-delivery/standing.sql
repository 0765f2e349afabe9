-- notification-delivery, standing
\set instance ''''''
\set job '''notification-delivery'''
prepare golden (unknown, unknown) as
-- What a run has to know before its work: whether anything waits, whether something has failed before, and the form of
-- the application's tables.
select
  exists (select from oneshot.notification_pending) as is_pending,
  exists (
    select from oneshot.dead_letters
    where (instance, job, server) = ($1, $2, '') and state = 'pending') as has_letters,
  -- A missing table is reported even when nothing waits.
  exists (
    select u.id, u.email, p.user_id, p.category, p.channel, p.mode
    from users as u, notification_preferences as p where false) as never,
  format_type(pg_typeof((select id from notifications limit 0))::oid, -1) as id_type,
  array_to_string(array(
    select attname from pg_attribute
    where attrelid = to_regclass('users') and attname in ('locale', 'timezone') and not attisdropped
    union all
    select attname from pg_attribute
    where attrelid = to_regclass('notifications') and attname in ('collapse_key', 'expires_at') and not attisdropped
  ), ',') as optional_columns
;
execute golden (:instance, :job);
deallocate golden;
