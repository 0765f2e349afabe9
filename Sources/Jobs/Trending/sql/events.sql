{begin}select post_id::{post} as post_id, user_id::{user} as user_id, array_position(:kinds::text[], kind::text) as kind, {at} as at from ({file}) as source
{window}{end}
