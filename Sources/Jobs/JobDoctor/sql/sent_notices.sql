-- Notes what a receiver has taken.
update oneshot.incidents
set opening_told = case when incident_id = any (:begun::uuid[]) then opening_told || :receiver::text else opening_told end,
  ending_told = case when incident_id = any (:ended::uuid[]) then ending_told || :receiver::text else ending_told end
where incident_id = any (:begun::uuid[]) or incident_id = any (:ended::uuid[])
