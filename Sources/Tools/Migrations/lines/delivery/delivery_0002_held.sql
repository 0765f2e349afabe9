-- Messages that a person decides about: few, whom the page counts among all that have been sent.
create index deliveries_held on oneshot.deliveries (created_at) where state = 'held';
