select chosen.user_id, chosen.post_id, chosen.score from (
  select r.user_id, s.post_id, s.score,
    row_number() over (partition by r.user_id, r.author_id order by s.place) as of_author
  from oneshot_reach as r
  join oneshot_scores as s on s.author_id = r.author_id and s.place <= r.depth
  where r.user_id = any (:users){unseen}) as chosen
where chosen.of_author <= :author_most
