-- operations, suppressions
\set address '''Ada@example.org'''
\set limit '''20''::bigint'
prepare golden (unknown, bigint) as
-- Addresses that get no mail.
select address, category, reason, code, since, until, count(*) over () as total
from oneshot.suppressions
where (until is null or until > now()) and ($1::text is null or address = lower($1 collate "C"))
order by since desc, address, category
limit $2
;
execute golden (:address, :limit);
deallocate golden;
