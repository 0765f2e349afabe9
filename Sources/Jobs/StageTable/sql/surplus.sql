{verb} from {table} as t
where {scope} and not exists (select from pg_temp.oneshot_staged as s where {same_key})
