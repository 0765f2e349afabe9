"""reindex against an index that a trigger keeps, when every row is touched: in time, and in dead tuples."""
import json
import time

# Words of one to three syllables, few of them often: 560 letters in title and text.
FUNCTIONS = """
    create function bench_word(n integer) returns text immutable language sql as $$
      select (array['ba','ko','li','mu','ra','te','vi','zo','sha','pre'])[1 + n % 10]
        || (array['n','t','r','l','s','m','ng','nd','k','p'])[1 + n / 10 % 10]
        || (array['a','e','i','o','u','ia','er','ing','ed','ness'])[1 + n / 100 % 10]
        || (array['x','b','d','f','g','h','j','v','w','y'])[1 + n / 1000 % 10] $$;
    create function bench_text(words integer) returns text volatile language sql as $$
      select string_agg(bench_word(floor(power(random(), 4) * 10000)::integer), ' ') from generate_series(1, words) $$
    """


def fill(stand, count):
    """Keeps two states: `documents`, where reindex has indexed them, and `touched`, where a trigger does."""
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, FUNCTIONS, f"""
            create table assets (
              id bigint primary key, title text, description text, tags text, deleted_at timestamptz, document tsvector);
            insert into assets (id, title, description)
            select g, bench_text(7), bench_text(74) from generate_series(1, {count}) g""",
                  "vacuum analyze", "checkpoint")
        letters = stand.sql(connection, "select avg(length(title) + length(description))::integer from assets")[0][0]
    stand.keep_as("sources")
    reindex(stand, inserted=count)
    with stand.connection() as connection:
        # The first run after it finds pages as they will be from then on.
        stand.sql(connection, "vacuum analyze")
    stand.keep_as("documents")
    stand.start_from("sources")
    with stand.connection() as connection:
        stand.sql(connection, """
            create function bench_document() returns trigger language plpgsql as $$ begin
              new.document := oneshot.search_document(new.title, new.description);
              return new; end $$;
            create trigger bench_document before insert or update on assets
              for each row execute function bench_document();
            create index on assets using gin (document)""", "update assets set id = id", "vacuum full assets", "vacuum analyze")
    stand.keep_as("touched")
    return letters


def reindex(stand, **expected):
    settings = {"REINDEX_ENTITIES": "asset"}
    if expected.pop("rebuild", False):
        settings["REINDEX_MODE"] = "rebuild"
    took = stand.job("reindex", **settings)
    found = {name: took.counts[name] for name in expected}
    assert found == expected, f"reindex counted {json.dumps(found)} instead of {json.dumps(expected)}"
    return took


def unchanged(stand, count):
    stand.start_from("documents")
    took = reindex(stand, unchanged=count, updated=0, inserted=0)
    with stand.connection() as connection:
        written = stand.sql(connection, """
            select sum(n_tup_ins + n_tup_upd + n_tup_del + n_dead_tup) from pg_stat_user_tables
            where relname like 'search%'""")[0][0]
    assert written == 0, f"a run that found nothing to do wrote {written} tuples"
    return took


def rebuild(stand, count):
    stand.start_from("documents")
    return reindex(stand, rebuild=True, read=count)


# What people type, of frequent and of rare words: one, two, three, a phrase, a beginning.
QUERIES = ("banax", "bamax", "tenax banax", "tenax banax bamax", '"banax tenax"', "bani*")


def search_all(stand):
    """Seconds that search() takes for all of the queries, once its session has looked for each before."""
    return ask(stand, "select count(*) from search(%s)", QUERIES)


def match_all(stand):
    """Seconds of the bare operator and rank, for the same words in the same table."""
    return ask(stand, """
        select count(*) from (
          select entity, entity_id, ts_rank(document, query) as rank
          from search_documents, cast(%s as tsquery) as query where document @@ query
          order by rank desc, entity, entity_id limit 20) as found""", [bare(query) for query in QUERIES])


def bare(query):
    """A query as the operator has it."""
    if query.startswith('"'):
        return query.strip('"').replace(" ", " <-> ")
    return query.replace("*", ":*").replace(" ", " & ")


def ask(stand, statement, queries):
    with stand.connection() as connection:
        for turn in range(2):
            start = time.perf_counter()
            for query in queries:
                stand.sql(connection, statement.replace("%s", "'" + query.replace("'", "''") + "'"))
        return time.perf_counter() - start


def touch_all(stand):
    """Seconds of the naive way: update every row, so that its trigger makes the document anew."""
    stand.start_from("touched")
    with stand.connection() as connection:
        start = time.perf_counter()
        stand.sql(connection, "update assets set title = title")
        return time.perf_counter() - start
