-- How many rows are due.
select count(*) as due from oneshot.media_previews where state = 'pending' and due_at <= :moment and {own}
