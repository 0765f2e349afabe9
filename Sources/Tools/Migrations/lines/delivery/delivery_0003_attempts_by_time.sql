-- When the last mails were sent: a rate of a few mails an hour holds from one run to the next.
create index delivery_attempts_by_time on oneshot.delivery_attempts (started_at);
