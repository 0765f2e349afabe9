-- reindex, new_words
prepare golden as
-- The languages and words of the table that a rebuild has made. Those that are gone leave when it is swapped in: until
-- then documents are searched that have them.
with languages as materialized (
  select distinct language from search_documents_new
), counted as materialized (
  select language, word
  from languages
  cross join lateral ts_stat(format('select document from search_documents_new where language = %L', language))
  where word > ':' and length(word) <= 64
), added_languages as (
  insert into search_languages select language from languages order by 1 on conflict do nothing
), added as (
  insert into search_words (language, word)
  select language, word from counted
  where not exists (select from search_words as known where known.language = counted.language and known.word = counted.word)
  order by 1, 2 on conflict do nothing
)
insert into oneshot.search_gone (language, word)
select language, word from search_words as old
where not exists (select from counted where counted.language = old.language and counted.word = old.word)
union all
select language, null from search_languages as old
where not exists (select from languages where languages.language = old.language)
;
execute golden;
deallocate golden;
