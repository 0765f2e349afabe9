-- The words of the table that a rebuild has made, in the place of all others.
with counted as materialized (
  select language, word
  from search_languages
  cross join lateral ts_stat(format('select document from search_documents_new where language = %L', language))
  where word > ':' and length(word) between 3 and 64
), added as (
  insert into search_words select language, word from counted order by 1, 2 on conflict do nothing
)
delete from search_words as old
where not exists (select from counted where counted.language = old.language and counted.word = old.word)
