-- Those of the ids that are users.
select u.id::text as id from users as u where u.id = any (:users){live}
