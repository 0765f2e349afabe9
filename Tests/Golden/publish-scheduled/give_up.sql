-- publish-scheduled, give_up
\set to '''failed'''
\set ids '''{"1"}'''
\set from '''scheduled'''
prepare golden (unknown, unknown, unknown) as
update "posts" as post set "status" = $1 where post."id" = any ($2) and post."status" = $3
;
execute golden (:to, :ids, :from);
deallocate golden;
