-- waitlist-positions, turn
\set campaign '''1''::bigint'
\set instance ''''''
\set is_plan 'true'
prepare golden (bigint, unknown, boolean) as
-- Waits for whoever else places the campaign, and makes it this installation's; a plan only looks whose it is.
select oneshot.waitlist_turn($1, $2, $3)
;
execute golden (:campaign, :instance, :is_plan);
deallocate golden;
