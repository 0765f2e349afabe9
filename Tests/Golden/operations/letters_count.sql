-- operations, letters_count
\set instance 'null'
\set server 'null'
\set job '''reindex'''
\set kind 'null'
\set state '''pending'''
\set failed_before '''2025-11-08T02:00:00Z''::timestamptz'
\set digest 'null'
prepare golden (unknown, unknown, unknown, unknown, unknown, timestamptz, unknown) as
-- What was requested can be requested again once a run was given it: whoever does so has fixed something since.
select count(*) as letters,
  count(*) filter (where d.state = 'pending' and (d.replay_asked_at is null or d.replay_run_id is not null)) as askable
from oneshot.dead_letters d
where ($1::text is null or d.instance = $1) and ($2::text is null or d.server = $2)
  and ($3::text is null or d.job = $3) and ($4::text is null or d.error_kind = $4)
  and ($5::text is null or d.state = $5)
  and ($6::timestamptz is null or d.last_failed_at < $6)
  and ($7::text is null or d.item_digest = decode($7, 'hex'))
;
execute golden (:instance, :server, :job, :kind, :state, :failed_before, :digest);
deallocate golden;
