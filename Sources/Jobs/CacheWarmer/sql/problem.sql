case
    when r.user_id is null then 'a user_id is null'
    when r.post_id is null then 'a post_id is null'
    when r.score is null then 'a score is null'
    when r.score::double precision in ('NaN', 'Infinity', '-Infinity') then 'a score is ' || r.score::text
    when row_number() over (partition by r.user_id, r.post_id) > 1 then 'a post stands in a feed twice'
  end
