# A text with more different words than one document takes.
psql -qX "$DATABASE_URL" -c "update posts set body = (select string_agg(md5(g::text), ' ') from generate_series(1, 60000) as g) where id = 5"
ends_with 65 env REINDEX_MODE=pending reindex
ends_with 1 oneshot health
oneshot dead-letters list
oneshot dead-letters show reindex post/5
oneshot explain unindexable
psql -qX "$DATABASE_URL" -c "update posts set body = 'Shortened' where id = 5"
REINDEX_MODE=pending reindex
oneshot dead-letters list
oneshot health
