-- The cast alone would report the error with all digits, hundreds of them; this fails like an addition of doubles:
-- "value out of range: overflow".
case when abs(sum_exact) > 1.7976931348623158e308 and abs(sum_exact) < 'Infinity' then 1e308::double precision * greatest(rows, 10)
  else sum_exact::double precision end
