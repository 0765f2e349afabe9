-- waitlist-positions, index_advice
prepare golden as
-- Where there are many campaigns, each of them should be found without reading the others.
select format(
    'no index of %s begins with campaign_id, so a run reads all of it for each campaign: create index concurrently on %s (campaign_id)',
    oid::regclass, oid::regclass) as advice
from pg_class
-- Not of views: their indexes are somebody else's.
where oid = to_regclass('waitlist_entries') and relkind in ('r', 'p', 'm') and reltuples >= 10000
  and (select count(*) from waitlist_campaigns) > 3
  and not exists (
    select from pg_index
    join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = pg_class.oid and indisvalid and attname = 'campaign_id')
;
execute golden;
deallocate golden;
