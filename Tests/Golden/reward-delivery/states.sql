-- reward-delivery, states
\set states '''{"queued","delivered","failed","held","no_code","gone"}'''
prepare golden (unknown) as
select unnest($1::text[])::text
;
execute golden (:states);
deallocate golden;
