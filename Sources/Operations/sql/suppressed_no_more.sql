-- An address that gets mail again. The row stays, with its end.
update oneshot.suppressions
set until = now()
where address = lower(:address collate "C") and category = :category and (until is null or until > now())
