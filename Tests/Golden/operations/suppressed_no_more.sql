-- operations, suppressed_no_more
\set address '''Ada@example.org'''
\set category '''*'''
prepare golden (unknown, unknown) as
-- An address that gets mail again. The row stays, with its end.
update oneshot.suppressions
set until = now()
where address = lower($1 collate "C") and category = $2 and (until is null or until > now())
;
execute golden (:address, :category);
deallocate golden;
