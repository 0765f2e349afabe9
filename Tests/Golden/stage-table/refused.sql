-- stage-table, refused
create temporary table if not exists "oneshot_refused" ("row" bigint, "place" text, "state" text, "message" text, "digest" text, "texts" text)
;
