{head}
where {same_key} and row({old})::record *<> row({new})::record
