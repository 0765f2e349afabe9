public import Postgres

/// The reasons why triggers of a table do not fire: for statements that compare the triggers that a table needs with
/// the catalog.
extension SQLFragment {
  /// Two columns for a place, a table or one of its partitions: `problem`, what is wrong with the trigger there, null
  /// if nothing is; `subscription`, the subscriptions that write the place.
  ///
  /// It reads `places.place` and `places.id`, the table's, null if that is gone; of the trigger that is needed `needed.name` and `needed.fires`: `O`
  /// for ordinary sessions, `R` in the role of a replica, `A` in both; of the one that is there `made.tgname` and
  /// `made.tgenabled`.
  public static let triggerProblem = SQLFragment(
    sql: """
      case
        when places.id is null then 'it is gone'
        when made.tgname is null then format('%s is missing', needed.name)
        when made.tgenabled = 'D' then format('%s is disabled', needed.name)
        when needed.fires in ('R', 'A') and made.tgenabled not in ('R', 'A') then
          format('%s is by-passed by replication', needed.name)
        when needed.fires in ('O', 'A') and made.tgenabled not in ('O', 'A') then
          format('%s is by-passed by ordinary sessions', needed.name)
      end || case when places.place is distinct from places.id then format(' (partition %s)', places.place::regclass) else '' end
        as problem,
      (select string_agg(distinct quote_ident(subname), ', ')
        from pg_subscription_rel join pg_subscription on pg_subscription.oid = srsubid where srrelid = places.place)
        as subscription
      """)

  /// What is wrong with a table: an aggregate over the rows of one `relation` that have the columns of
  /// `triggerProblem`.
  public static let tableProblem = SQLFragment(
    sql: """
      format('of the table %s: ', relation) || string_agg(distinct problem, ', ' order by problem)
        || coalesce(' (the subscription ' || max(subscription) || ' writes it)', '') as problem
      """)
}
