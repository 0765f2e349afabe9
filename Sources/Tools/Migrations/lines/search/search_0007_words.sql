-- reindex: one normalisation of texts and of queries, and documents of words as they stand there
-- (docs/decisions/0036-one-normalisation-for-texts-and-queries.md).
--
-- All in ASCII, for databases of any encoding. What is written as `begin atomic` has its names found here, whatever the search_path of its caller, and the shorter of it costs no call.
select set_config('search_path', quote_ident(current_schema()::text) || ', pg_temp', true);

-- A letter of a script that puts no blanks between words (Thai, Lao, Burmese, Khmer, Japanese, Chinese), with the marks that
-- belong to it: a regular expression.
create function oneshot.search_letter() returns text language sql immutable parallel safe
begin atomic
  select '[\u0e01-\u0e30\u0e32-\u0e33\u0e40-\u0e46\u0e50-\u0e59\u0e81-\u0eb0\u0eb2-\u0eb3\u0ebd\u0ec0-\u0ec6\u0ed0-\u0edf'
    '\u1000-\u102a\u103f-\u1049\u1050-\u1055\u105a-\u105d\u1061\u1065-\u1066\u106e-\u1070\u1075-\u1081\u108e\u1090-\u1099'
    '\u1780-\u17b3\u17d7\u17dc\u17e0-\u17e9\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff'
    '\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]'
    '[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064'
    '\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f\u109a-\u109d\u17b4-\u17d3\u17dd\u3099-\u309a]*';
end;

-- What there is to do in a text that is not all ASCII. In other encodings than UTF8 that is nothing: normalize() has none of
-- them, and they have few of these characters.
create function oneshot.search_unicode(text text, letter text) returns text language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
  if getdatabaseencoding() <> 'UTF8' then return text; end if;
  -- Most of the European scripts is as it should be: composed, and with one small letter for each capital.
  if text ~ '[^\u0001-\u00a9\u00ab\u00ac\u00ae-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf-\u00de\u00e0-\u012f\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e\u0218-\u021b\u0388-\u038a\u038e-\u03a1\u03a3-\u03c1\u03c3-\u03ce\u0400-\u0481\u048a-\u052f\u2010-\u2027\u2030-\u203a\u20ac\u2190-\u21ff]'
  then
    -- What nobody sees.
    text := regexp_replace(
      text,
      '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+',
      '', 'g');
    -- Fractions, signs like TM and No, and numbers in circles become letters and digits, but not those of the word beside them.
    text := regexp_replace(text, '([\u00bc-\u00be\u2116\u2120-\u2122\u2150-\u215f\u2189\u2460-\u24ff\u2776-\u2793])', ' \1 ', 'g');
    if text is not nfkc normalized then text := normalize(text, nfkc); end if;
    -- Both sharp s, the final sigma, the capital i with a dot.
    text := replace(replace(replace(replace(text, chr(7838), 'ss'), chr(223), 'ss'), chr(962), chr(963)), chr(304), 'i');
    -- abc becomes a ab bc c, so that each letter begins a word.
    if text ~ letter then
      text := regexp_replace(regexp_replace(text, '((?:' || letter || ')+)', ' \1 ', 'g'), '(' || letter || ')', '\1 \1', 'g');
    end if;
  end if;
  -- In the locale C Postgres' parser takes all that is not ASCII for letters (here the sign of multiplication), and none of it
  -- for a capital.
  if to_tsvector('pg_catalog.simple', chr(215)) <> '' then
    if exists (select from pg_collation where collname = 'und-x-icu' and collnamespace = 'pg_catalog'::regnamespace) then
      text := replace(lower(text collate "und-x-icu"), chr(962), chr(963));
    end if;
    text := regexp_replace(
      text,
      '[\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u02c2-\u02df\u037e\u0387\u055a-\u055f\u0589-\u058f'
        '\u05be\u05c0\u05c3\u05c6\u05f3-\u05f4\u0600-\u060f\u061b-\u061f\u066a-\u066d\u06d4\u0964-\u0965\u0970\u0e3f\u0e4f'
        '\u0e5a-\u0e5b\u104a-\u104f\u10fb\u1360-\u1368\u17d4-\u17d6\u17d8-\u17db\u2000-\u206f\u20a0-\u20cf\u2100-\u214f'
        '\u2190-\u2bff\u2e00-\u2fff\u3000-\u3004\u3008-\u3020\u3030\u3036-\u3037\u303d-\u303f\u309b-\u309c\u30a0\u30fb'
        '\ufffc-\ufffd\U0001f000-\U0001faff]+',
      ' ', 'g');
  end if;
  return text;
end $$;

-- What joins words in the eyes of Postgres' parser (addresses, paths, tags, signs) is a blank. Of 5e12ab it would make two
-- words, a number and the rest: a digit with an e behind it gets another e, which no number has.
create function oneshot.search_parted(text text) returns text language sql immutable parallel safe
begin atomic
  select case when text !~ '[-./_@<&+~]|[0-9][eE]' then text else
    regexp_replace(
      replace(replace(replace(replace(replace(replace(replace(replace(replace(
        text, '-', ' '), '.', ' '), '/', ' '), '_', ' '), '@', ' '), '<', ' '), '&', ' '), '+', ' '), '~', ' '),
      '([0-9])(e)', '\1e\2', 'gi') end;
end;

-- The one normalisation, of texts and of queries. Who changes it, or what it calls, counts up the recipe of reindex, which
-- then makes all documents again. Most texts are ASCII, and take the short way.
create function oneshot.search_text(text text) returns text language sql immutable parallel safe
begin atomic
  select case when octet_length(text) = length(text) then oneshot.search_parted(text)
    else oneshot.search_parted(oneshot.search_unicode(text, oneshot.search_letter())) end;
end;
comment on function oneshot.search_text is
  'What a text, or a query, is before it is taken apart into words: the same for both.';

-- Where a document has more positions than Postgres keeps (255 of one word; all from the 16,383rd on are one), an
-- exclamation mark says so.
create function oneshot.search_whole(document tsvector) returns tsvector language sql immutable parallel safe
begin atomic
  -- Two bytes a position, and two for their number: most documents have too few of them to miss any.
  select document || case
    when (pg_column_size(document) - pg_column_size(strip(document))) / 2 - 2 * length(document) < 250 then ''
    when exists (select from unnest(document) where cardinality(positions) >= 255 or 16383 = any (positions))
      then tsvector '''!'':1'
    else '' end;
end;

-- All words of a document's texts as they stand there, whatever the language, by weight. A dot keeps a phrase from going on in
-- the next text. (It and the exclamation mark are the only lexemes that are no words.)
create function oneshot.search_joined(a text, b text, c text, d text) returns tsvector language sql immutable parallel safe
begin atomic
  select setweight(to_tsvector('pg_catalog.simple', coalesce(oneshot.search_text(a), '')), 'A')
    || case when b > ''
      then tsvector '''.'':1' || setweight(to_tsvector('pg_catalog.simple', oneshot.search_text(b)), 'B') else '' end
    || case when c > ''
      then tsvector '''.'':1' || setweight(to_tsvector('pg_catalog.simple', oneshot.search_text(c)), 'C') else '' end
    || case when d > ''
      then tsvector '''.'':1' || setweight(to_tsvector('pg_catalog.simple', oneshot.search_text(d)), 'D') else '' end;
end;

create function oneshot.search_document(a text, b text default null, c text default null, d text default null)
returns tsvector language sql immutable parallel safe
begin atomic
  -- The same word 255 times takes more than 500 characters.
  select case
    when coalesce(octet_length(a), 0) + coalesce(octet_length(b), 0) + coalesce(octet_length(c), 0) + coalesce(octet_length(d), 0)
      < 500 then oneshot.search_joined(a, b, c, d)
    else oneshot.search_whole(oneshot.search_joined(a, b, c, d)) end;
end;
comment on function oneshot.search_document is
  'The document of up to four texts, the first of the most weight, as search() looks for it.';
