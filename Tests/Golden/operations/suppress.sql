-- operations, suppress
\set address '''Ada@example.org'''
\set category '''*'''
prepare golden (unknown, unknown) as
-- An address that gets no more mail.
insert into oneshot.suppressions as s (address, category, reason, since, until)
values (lower($1 collate "C"), $2, 'manual', now(), null)
on conflict (address, category) do update
set reason = excluded.reason, since = excluded.since, until = null
where s.until <= now()
;
execute golden (:address, :category);
deallocate golden;
