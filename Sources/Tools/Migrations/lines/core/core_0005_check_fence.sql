-- What a program that job-exec runs begins its own transactions with.

-- Goes through only while the run that the fence is of is the newest of its job and goes on. No newer run can start until
-- the caller's transaction ends.
create function oneshot.check_fence(fence text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  run uuid;
  own bigint;
  found_job text;
  newest bigint;
  found_status text;
begin
  if fence is null
    or fence !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/[0-9]{1,18}$' then
    raise exception 'oneshot.check_fence was given no fence'
      using errcode = 'invalid_parameter_value', hint = 'job-exec sets it in the environment as ONESHOT_FENCE.';
  end if;
  run := split_part(fence, '/', 1)::uuid;
  own := split_part(fence, '/', 2)::bigint;
  -- Not under the snapshot of a transaction that has read before: a newer run may have started since. There this statement
  -- fails with 40001 instead.
  perform from oneshot.fences as f join oneshot.job_runs as r
    on f.instance = r.instance and f.job = r.job and f.server = r.server and f.shard = r.shard
  where r.run_id = run and f.token = own
  for share of f;
  select r.job, r.status, f.token into found_job, found_status, newest
  from oneshot.job_runs as r join oneshot.fences as f
    on f.instance = r.instance and f.job = r.job and f.server = r.server and f.shard = r.shard
  where r.run_id = run;
  if newest is null then
    raise exception 'the fence % is of no run in this database', fence
      using errcode = 'object_not_in_prerequisite_state', hint = 'It is of another database, or of a run that left the ledger.';
  end if;
  if newest <> own then
    raise exception 'fenced: a newer run of % has started: this one''s fence is %, the newest is %', found_job, own, newest
      using errcode = 'object_not_in_prerequisite_state', hint = 'Write nothing more: the newer run does the work.';
  end if;
  if found_status <> 'running' then
    raise exception 'the run of % that this fence is of has ended: %', found_job, found_status
      using errcode = 'object_not_in_prerequisite_state', hint = 'What outlives its run writes nothing more.';
  end if;
end
$$;
revoke all on function oneshot.check_fence(text) from public;
comment on function oneshot.check_fence(text) is
  'Raises unless the run whose ONESHOT_FENCE is given is the newest of its job and goes on; no newer one starts before the transaction ends.';
