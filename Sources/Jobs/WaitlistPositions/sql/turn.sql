-- Waits for whoever else places the campaign, and makes it this installation's; a plan only looks whose it is.
select oneshot.waitlist_turn(:campaign, :instance, :is_plan)
