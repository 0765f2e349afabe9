with oneshot_verdict as not materialized ({file})
select distinct on (post.{id}) post.{id}::text as id, left(coalesce(verdict.reason::text, 'no reason'), 500) as reason
from oneshot_verdict as verdict
join {table} as post on post.{id} = verdict.id
where {chosen}
order by post.{id}
