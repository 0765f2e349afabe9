-- New followers by user.
create temporary table {result} on commit drop as
select followee_id, {counts}
from follows
where created_at >= :start_1 and created_at < :window_end
  and exists (select from oneshot_live_users as live where live.id = follows.follower_id)
group by followee_id {data}
