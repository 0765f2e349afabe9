select board, batch, mark, previous, sent_at is null as is_unsent, member, delta::text as delta
from chosen cross join lateral unnest(members, deltas) with ordinality as pair (member, delta, place)
order by board, batch, place
