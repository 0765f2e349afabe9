-- stage-table, texts
create temporary table if not exists "oneshot_texts" ("post_id" text, "kind" text, "seen" text, "day" text, "oneshot_row" bigint generated always as identity)
;
