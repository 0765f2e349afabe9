-- stage-table, staged
create temporary table if not exists "oneshot_staged" ("post_id" bigint not null, "kind" text, "seen" numeric(8,2), "day" date)
;
