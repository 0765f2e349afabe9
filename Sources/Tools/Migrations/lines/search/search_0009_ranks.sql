-- search(): what is excluded changes no rank.
--
-- As in search_0003_rebuild.sql: oneshot_home stands for this schema until the end of the file.
select set_config('search_path', quote_ident(current_schema()::text) || ', pg_temp', true);

-- Finds documents by terms. It calls no function of the schema oneshot, so that who searches by the synonym needs no right to
-- that schema.
--
-- The forms of a word are those that search_words has of its stems, and the stems themselves: documents of before this
-- migration have them, until the next run of reindex has made them again.
create or replace function oneshot.search_found(
  terms text[], term_groups integer[], are_excluded boolean[], are_quoted boolean[], entities text[], "limit" integer,
  out entity text, out entity_id text, out rank real, out approximate boolean
) returns setof record language plpgsql
set client_min_messages = warning
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
-- What is asked for is not known when it is planned; the indexes are what it is for.
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  -- What stands for misspelt words, by language and word.
  corrections jsonb := '{}';
  likeness text;
  languages text[];
  matches tsquery[];
  ranks tsquery[];
  factors real[];
  -- Each an array, as a text: unnest() would take arrays of arrays apart to the last element.
  weights text[];
begin
  for attempt in 1 .. 2 loop
    with languages as (
      -- Those that reindex finds: of pg_catalog, or of this schema.
      select distinct on (l.language) l.language, c.oid::regconfig as configuration
      from oneshot_home.search_languages as l join pg_ts_config as c on c.cfgname = l.language
      where c.cfgnamespace in ('pg_catalog'::regnamespace, 'oneshot_home'::regnamespace)
      order by l.language, c.cfgnamespace <> 'pg_catalog'::regnamespace
    ), placed as materialized (
      select n, in_group, is_excluded, is_quoted, word, place
      from unnest(terms, term_groups, are_excluded, are_quoted) with ordinality as t (term, in_group, is_excluded, is_quoted, n)
      cross join lateral unnest(string_to_array(term, ' ')) with ordinality as w (word, place)
    ), stemmed as materialized (
      select language, word, right(word, 1) = '*' as is_beginning,
        case when right(word, 1) = '*' then '{}' else tsvector_to_array(to_tsvector(configuration, word)) end as stems
      from languages cross join (select distinct word from placed) as w
    ), looked_up as materialized (
      select language, word, is_beginning or stems <> '{}' as counts, forms,
        case when is_beginning then '''' || rtrim(word, '*') || ''':*' else alternatives end as alternatives
      from stemmed
      cross join lateral (
        select count(*) as forms,
          '(' || string_agg('''' || replace(replace(form, '\', '\\'), '''', '''''') || '''', ' | ') || ')' as alternatives
        from (
          select word as form
          union select unnest(stems)
          union (
            select known.word from oneshot_home.search_words as known
            where known.language = stemmed.language and known.stems && stemmed.stems limit 64)
          union select jsonb_array_elements_text(corrections -> language -> word)) as forms) as f
    ), put as (
      select language, n, in_group, is_excluded, is_quoted, count(*) as words, sum(forms) as forms, bool_or(counts) as counts,
        string_agg(alternatives, ' <-> ' order by place) as phrase, string_agg(alternatives, ' & ') as all_words
      from placed join looked_up using (word)
      group by language, n, in_group, is_excluded, is_quoted
    ), chosen as (
      -- What does not count is looked for where there is nothing else. Words that were typed as one are a phrase, unless the
      -- document has more positions than Postgres keeps.
      select *, case when words = 1 or is_quoted or is_excluded then phrase
        else format('(%s | ''!'' & %s)', phrase, all_words) end as match
      from (select *, bool_or(not is_excluded and (counts or is_quoted)) over (partition by language) as is_something from put) as p
      where is_excluded or is_quoted or counts or not is_something
    ), grouped as (
      select language, count(*) filter (where not is_excluded) as terms, max(words) filter (where not is_excluded) as words,
        max(forms) filter (where not is_excluded) as most, sum(forms) filter (where not is_excluded) as forms,
        string_agg('(' || match || ')', ' & ') filter (where not is_excluded)
          || coalesce(string_agg(' & !(' || match || ')', '') filter (where is_excluded), '') as match,
        -- What is not to be found has no part in the rank: ts_rank makes nothing of a query that has it.
        string_agg('(' || phrase || ')', ' & ') filter (where not is_excluded) as rank
      from chosen group by language, in_group having bool_or(not is_excluded)
    ), wanted as materialized (
      select language, string_agg('(' || match || ')', ' | ')::tsquery as match,
        string_agg('(' || rank || ')', ' | ')::tsquery as rank,
        -- ts_rank divides by the number of alternatives, and adds up their ranks. So where one word has several, a text counts
        -- for so much less than the next that all of them, however often, are less than one above.
        case when max(terms) = 1 and max(words) = 1 then (sum(forms) / count(*))::real else 1 end as factor,
        case when max(terms) = 1 and max(words) = 1 and max(most) > 1
          then array[power(0.4 / max(most), 3), power(0.4 / max(most), 2), 0.4 / max(most), 1]::real[]
          else array[0.1, 0.2, 0.4, 1]::real[] end as weights
      from grouped group by language
    )
    select array_agg(language), array_agg(match), array_agg(rank), array_agg(factor), array_agg(weights::text)
    into languages, matches, ranks, factors, weights from wanted;

    -- Planned each time, for as few languages as there are.
    return query execute $found$
      select d.entity, d.entity_id, (factor * ts_rank(weights, d.document, wanted.rank))::real, $1
      from (
        select language, match, rank, factor, weights::real[]
        from unnest($2, $3, $4, $5, $6) as each (language, match, rank, factor, weights) offset 0) as wanted
      join oneshot_home.search_documents as d on d.document @@ wanted.match and d.language = wanted.language
      where $7 is null or d.entity = any ($7)
      order by 3 desc, 1, 2
      limit greatest(coalesce($8, 20), 0)
    $found$ using attempt = 2, languages, matches, ranks, factors, weights, entities, "limit";
    exit when found or attempt = 2;

    -- Wherever the extension is, as long as it is there, for whoever may use its schema.
    select quote_ident(nspname::text) into likeness
    from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
    where extname = 'pg_trgm' and has_schema_privilege(extnamespace, 'usage');
    exit when likeness is null;
    -- Of each language, up to six words that stand in no document, and the forms of words like them. Words after a minus are
    -- not looked for, so they may be as they are.
    execute format(
      $alike$
      select jsonb_object_agg(language, alike) from (
        select language, jsonb_object_agg(word, alike) as alike
        from oneshot_home.search_languages as l
        cross join lateral (
          select asked.word
          from (
            select word, min(n) as n
            from unnest($1, $2) with ordinality as t (term, is_excluded, n)
            cross join lateral unnest(string_to_array(term, ' ')) as w (word)
            where not is_excluded and word > ':' and length(word) between 3 and 64 and right(word, 1) <> '*'
            group by word) as asked
          cross join lateral (
            select string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery as forms
            from (
              select word from oneshot_home.search_words where language = l.language and word = asked.word
              union
              select word from oneshot_home.search_words where language = l.language and stems && (
                select tsvector_to_array(to_tsvector(c.oid::regconfig, asked.word)) from pg_ts_config as c
                where c.cfgname = l.language and c.cfgnamespace in ('pg_catalog'::regnamespace, 'oneshot_home'::regnamespace)
                order by c.cfgnamespace <> 'pg_catalog'::regnamespace limit 1)) as known) as known
          where forms is null or not exists (
            select from oneshot_home.search_documents as d
            where d.document @@ forms and d.language = l.language and ($3 is null or d.entity = any ($3)))
          order by n limit 6) as misspelt
        cross join lateral (
          select jsonb_agg(distinct form) as alike
          from (
            select word, stems, %1$s.similarity(word, misspelt.word) as likeness,
              max(%1$s.similarity(word, misspelt.word)) over () as most
            from oneshot_home.search_words
            where language = l.language and word operator(%1$s.%%) misspelt.word and length(word) > 2
            order by 3 desc, 1 limit 5) as candidates
          cross join lateral (
            select candidates.word as form union select other.word from oneshot_home.search_words as other
            where other.language = l.language and other.stems && candidates.stems) as forms
          where likeness >= most - 0.1) as candidates
        where alike is not null
        group by language) as by_language
      $alike$, likeness)
    into corrections using terms, are_excluded, entities;
    exit when corrections is null;
  end loop;
end $$;

call oneshot.search_name_home();
