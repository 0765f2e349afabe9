-- Of a run that writes nothing.
select :entity::text as entity, lane, after_id, upto_id, false as is_done, 0 as present, nameless from lanes, divided
