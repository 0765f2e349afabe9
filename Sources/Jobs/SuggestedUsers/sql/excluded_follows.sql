select followee_id as id from follows where follower_id = w.id
