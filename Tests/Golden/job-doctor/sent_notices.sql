-- job-doctor, sent_notices
\set begun '''{"01a228a9-1ce6-7a5b-af9a-758367ac1df3"}'''
\set receiver '''slack'''
\set ended '''{}'''
prepare golden (unknown, unknown, unknown) as
-- Notes what a receiver has taken.
update oneshot.incidents
set opening_told = case when incident_id = any ($1::uuid[]) then opening_told || $2::text else opening_told end,
  ending_told = case when incident_id = any ($3::uuid[]) then ending_told || $2::text else ending_told end
where incident_id = any ($1::uuid[]) or incident_id = any ($3::uuid[])
;
execute golden (:begun, :receiver, :ended);
deallocate golden;
