-- operations, fraud_decide
\set entry '''17''::bigint'
\set state '''approved'''
\set who '''ann'''
\set note '''a tester'''
prepare golden (bigint, unknown, unknown, unknown) as
-- A person's decision about one entry.
select oneshot.fraud_decide($1, $2, $3, $4)
;
execute golden (:entry, :state, :who, :note);
deallocate golden;
