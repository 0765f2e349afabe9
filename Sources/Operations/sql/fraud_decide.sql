-- A person's decision about one entry.
select oneshot.fraud_decide(:entry, :state, :who, :note)
