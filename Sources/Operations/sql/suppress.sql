-- An address that gets no more mail.
insert into oneshot.suppressions as s (address, category, reason, since, until)
values (lower(:address collate "C"), :category, 'manual', now(), null)
on conflict (address, category) do update
set reason = excluded.reason, since = excluded.since, until = null
where s.until <= now()
