-- The lists that there are of a batch.
select user_id, digest, members from oneshot.suggestion_lists where user_id = any (:users::text[])
