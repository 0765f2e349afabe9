-- Stages waiting and dead events that are tried again; they need not be claimed.
with fresh as (
  select *, case when problem is not null then 'malformed' when handlers is null then 'unknown' else 'new' end as verdict
  from pg_temp.oneshot_staged
), {turns}
