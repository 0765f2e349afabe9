-- reindex: search documents, the words in them, what waits to be indexed, where a pass stands, and search().

-- What is made here finds names where this is made, and nowhere else: not in the search_path of who calls it.
select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

-- Apart from the application's tables, so that indexing neither rewrites nor locks those.
create table search_documents (
  entity text collate "C" not null,
  entity_id text collate "C" not null,
  document tsvector not null,
  source_hash bigint not null,
  language text collate "C" not null,
  indexed_at timestamptz not null default now(),
  primary key (entity, entity_id)
);
create index search_documents_document on search_documents using gin (document);
comment on table search_documents is
  'What search() looks through, kept true to its sources by reindex. source_hash is of the texts and the language.';

create table search_languages (language text collate "C" primary key);
comment on table search_languages is 'Each language (text search configuration) that a document has, or had.';

create table search_words (
  language text collate "C" not null,
  word text collate "C" not null,
  primary key (language, word)
);
comment on table search_words is
  'The words (lexemes) that documents have, or had until the next rebuild: what a misspelt word is compared with.';

-- Rows are only added and deleted, never changed: who queues waits for nobody.
create table search_pending (
  id bigint generated always as identity primary key,
  entity text collate "C" not null,
  entity_id text collate "C" not null,
  queued_at timestamptz not null default clock_timestamp()
);
comment on table search_pending is
  'Documents whose sources have changed: written by triggers (oneshot.search_track) or by the application, taken by reindex with REINDEX_MODE=pending.';

create table oneshot.reindex_cursors (
  mode text not null,
  entity text not null,
  shard integer not null,
  lane integer not null,
  shard_count integer not null,
  -- A pass over other sources than those that the cursor was made for begins anew.
  source text not null,
  after_id text,
  upto_id text,
  present bigint not null default 0,
  is_done boolean not null default false,
  started_at timestamptz not null,
  moved_at timestamptz not null default now(),
  primary key (mode, entity, shard, lane)
);
comment on table oneshot.reindex_cursors is
  'How far a pass of reindex has got, one row for each part that is read at once. No rows: no pass is open.';
