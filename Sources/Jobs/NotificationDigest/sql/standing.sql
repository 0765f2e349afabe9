-- What a run has to know before its work: whether anything waits, whether something has failed before, and the form of
-- the application's tables.
select
  exists (
    select from oneshot.digest_items where digest_id is null and frequency = any (:frequencies::text[])) as is_waiting,
  exists (
    select from oneshot.dead_letters
    where (instance, job, server) = (:instance, :job, '') and state = 'pending') as has_letters,
  format_type(pg_typeof((select id from notifications limit 0))::oid, -1) as id_type,
  format_type(pg_typeof((select id from users limit 0))::oid, -1) as user_id_type,
  array_to_string(array(
    select attname from pg_attribute
    where attrelid = to_regclass('users') and attname in ('locale', 'timezone') and not attisdropped), ',')
    as user_columns,
  to_regclass('digest_preferences') is not null as has_preferences,
  array_to_string(array(
    select attname from pg_attribute
    where attrelid = to_regclass('digest_preferences') and attnum > 0 and not attisdropped), ',') as preference_columns
