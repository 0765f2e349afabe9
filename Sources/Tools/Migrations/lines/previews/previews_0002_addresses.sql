-- media-previews: sources and previews at presigned addresses.

-- A presigned address by https that takes the preview by PUT; without one it goes below PREVIEWS_TARGET_DIR. The column
-- source may hold a presigned address, too.
alter table oneshot.media_previews
  add column upload_to text;

-- New addresses make a row due as another version does: those before may have expired.
drop trigger media_preview_due on oneshot.media_previews;
create trigger media_preview_due before update on oneshot.media_previews
for each row when (
  new.source_tag is distinct from old.source_tag or new.source is distinct from old.source
  or new.upload_to is distinct from old.upload_to)
execute function oneshot.media_preview_due();
