-- What a reward's row (d) should say, by its message (m) and the reward itself (r).
case
    when d.state = 'no_code' then
      case when r.id is null or r.status::text not in ('no_code', 'due') or {expires_at} <= :moment then 'gone' else 'no_code' end
    when m.state = 'sent' then 'delivered'
    when m.state = 'held' then 'held'
    when m.state in ('queued', 'sending') then 'queued'
    -- The application has taken it back.
    when m.state = 'cancelled' and (r.id is null or r.status::text not in ('queued', 'held', 'failed', 'due')) then 'gone'
    else 'failed'
  end
