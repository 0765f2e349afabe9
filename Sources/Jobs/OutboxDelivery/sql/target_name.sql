(case d.channel when 'email' then 'domain:' || lower(substring(coalesce(d.recipient, '') from '[^@]*$'))
  else 'webhook:' || coalesce(d.recipient, '') end)
