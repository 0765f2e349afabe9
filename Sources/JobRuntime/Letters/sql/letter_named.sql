-- The letter of this name, else those whose id begins with it; with the meaning of its kind as the job last declared
-- it.
select {columns}, k.cause, k.remedy, d.item_digest = sha256(convert_to(:item, 'UTF8')) as is_exact
from oneshot.dead_letters d
left join oneshot.letter_kinds k on k.job = d.job and k.kind = d.error_kind
where d.job = :job and (:instance::text is null or d.instance = :instance)
  and (:server::text is null or d.server = :server)
  and (d.item_digest = sha256(convert_to(:item, 'UTF8'))
    or d.item_digest between decode(:lowest, 'hex') and decode(:highest, 'hex'))
order by is_exact desc, d.instance, d.server, d.item_digest
limit :limit
