-- Posts that were moved, and that a trigger has put into yet another state behind it.
select post.{id}::text as id, post.{status}::text as state
from unnest(:id_texts::text[], :due_list::timestamptz[]) as moved (oneshot_id, oneshot_due)
join {table} as post on post.{id}::text = moved.oneshot_id
where post.{id} = any (:ids) and {due} = moved.oneshot_due and post.{status} is distinct from :to
