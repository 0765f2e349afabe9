select exists (select from ({file}) as source where user_id is not null {window}) as has_users
