-- Whether a reward (r) has a status that counts. What its column takes for "due" is: upper case in citext.
(r.status::text = any (:statuses::text[]) or r.status = 'due')
