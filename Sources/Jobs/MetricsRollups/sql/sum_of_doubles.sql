-- Exact, and the same in any order of addition: each double counts as its shortest decimal. Those with up to six
-- decimal places, as most have, are added up as whole millionths, ten times as fast.
trim_scale(
  sum((least(greatest(value::double precision, -1e9), 1e9) * 1e6)::bigint) * 0.000001
  + coalesce(
    sum(
      value::double precision::text::numeric
        - (least(greatest(value::double precision, -1e9), 1e9) * 1e6)::bigint * 0.000001
    ) filter (
      where (least(greatest(value::double precision, -1e9), 1e9) * 1e6)::bigint::double precision / 1e6::double precision
        <> value::double precision),
    0))
