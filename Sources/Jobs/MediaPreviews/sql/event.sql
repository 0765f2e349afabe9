-- The event of a preview that was made.
select 1 as place, :dedup::text as dedup, 'media.preview_made' as type, :data::text::jsonb as data
