-- media-previews: which uploads want a preview, and what became of each.

create table oneshot.media_previews (
  asset_id text collate "C" not null check (asset_id <> ''),
  kind text collate "C" not null check (kind in ('video', 'audio')),
  -- A path below PREVIEWS_SOURCE_DIR.
  source text not null,
  -- Identifies this version of the source: an etag, a hash, size and time.
  source_tag text collate "C" not null,
  -- The spec that the preview was made by.
  spec text collate "C",
  state text collate "C" not null default 'pending' check (state in ('pending', 'made', 'impossible', 'failed')),
  -- A path below PREVIEWS_TARGET_DIR.
  target text collate "C",
  bytes bigint,
  width integer,
  height integer,
  duration_ms integer,
  -- Whether the source is cut off or broken, and the preview therefore shorter than it should be.
  is_damaged boolean,
  reason text,
  attempts smallint not null default 0,
  due_at timestamptz not null default now(),
  updated_at timestamptz,
  primary key (asset_id, kind)
);
create index media_previews_due on oneshot.media_previews (due_at, asset_id, kind) where state = 'pending';
comment on table oneshot.media_previews is
  'Uploads that want a preview: the application inserts a row, and sets source_tag when the source has changed; media-previews writes what became of it.';

-- Another version of a source is due at once, whatever became of the one before.
create function oneshot.media_preview_due() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.state := 'pending';
  new.attempts := 0;
  new.due_at := now();
  new.reason := null;
  return new;
end
$$;
revoke all on function oneshot.media_preview_due() from public;

create trigger media_preview_due before update on oneshot.media_previews
for each row when (new.source_tag is distinct from old.source_tag or new.source is distinct from old.source)
execute function oneshot.media_preview_due();
