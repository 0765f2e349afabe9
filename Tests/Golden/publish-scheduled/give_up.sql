-- publish-scheduled, give_up
\set to '''failed'''
\set ids '''{"1"}'''
\set from '''scheduled'''
\set due_at '''2025-11-08T01:00:00+00:00'''
prepare golden (unknown, unknown, unknown, unknown) as
update "posts" as post set "status" = $1
where post."id" = any ($2) and post."status" = $3 and post."publish_at" = $4::timestamptz
returning post."status" is not distinct from $1 as is_there
;
execute golden (:to, :ids, :from, :due_at);
deallocate golden;
