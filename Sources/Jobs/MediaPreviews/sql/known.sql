-- The targets of some assets, of those that have rows.
select asset_id, kind, target
from oneshot.media_previews
where asset_id = any (:asset_ids::text[]) and {own}
