-- Addresses that get no mail.
select address, category, reason, code, since, until, count(*) over () as total
from oneshot.suppressions
where (until is null or until > now()) and (:address::text is null or address = lower(:address collate "C"))
order by since desc, address, category
limit :limit
