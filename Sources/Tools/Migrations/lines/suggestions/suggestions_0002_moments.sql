-- suggested-users: moments of lists are those of their runs' starts.

-- A run that is started again for the same slot is later than the first one, and so are its lists.
comment on table oneshot.suggestion_lists is
  'Which users have a list of suggestions in Redis, since when, and how many people are in it. computed_at is the start of the run that made it.';
