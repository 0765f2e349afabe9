-- Messages that nobody wants any more.
update oneshot.deliveries as d
set state = 'expired'
where d.state = 'queued' and d.expires_at <= :moment::timestamptz and d.channel = any (:channels::text[])
