-- publish-scheduled, strays
\set id_texts '''{"1"}'''
\set due_list '''{"2025-11-08T01:00:00+00:00"}'''
\set ids '''{"1"}'''
\set to '''published'''
prepare golden (unknown, unknown, unknown, unknown) as
-- Posts that were moved, and that a trigger has put into yet another state behind it.
select post."id"::text as id, post."status"::text as state
from unnest($1::text[], $2::timestamptz[]) as moved (oneshot_id, oneshot_due)
join "posts" as post on post."id"::text = moved.oneshot_id
where post."id" = any ($3) and post."publish_at" = moved.oneshot_due and post."status" is distinct from $4
;
execute golden (:id_texts, :due_list, :ids, :to);
deallocate golden;
