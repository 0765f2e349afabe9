-- The data of a notification for a template or an endpoint.
jsonb_build_object(
  'notification_id', decided.notification_id, 'user_id', decided.user_id, 'type', decided.type,
  'category', decided.category, 'title', coalesce(decided.title::text, ''), 'body', coalesce(decided.body::text, ''),
  'data', decided.data, 'created_at', decided.created_at)
