-- Used only where something is wrong: it would cost as much as the rest.
(not :only_good or (
    metric is not null and entity_type is not null and entity_id is not null and octet_length(metric::text) <= 512
    and octet_length(entity_type::text) <= 512 and octet_length(entity_id::text) <= 512
    -- NaN is above all numbers, and null is not less.
    and value::double precision > '-Infinity' and value::double precision < 'Infinity'))
