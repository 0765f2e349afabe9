import JobRuntime
import Postgres

/// What the statements about an entity are made of: named parts (`page as (…)`), each of which may read those before it,
/// and last what is done with them.
extension SQLFragment {
  static let page = SQLFragment("page.sql", PackageResources.page_sql)
  static let pageByIDs = SQLFragment("page_by_ids.sql", PackageResources.page_by_ids_sql)
  static let done = SQLFragment("done.sql", PackageResources.done_sql)
  static let compared = SQLFragment("compared.sql", PackageResources.compared_sql, ["recipe": Entity.recipe])
  static let documents = SQLFragment("documents.sql", PackageResources.documents_sql)
  static let written = SQLFragment("written.sql", PackageResources.written_sql)
  static let moved = SQLFragment("moved.sql", PackageResources.moved_sql)
  static let loaded = SQLFragment("loaded.sql", PackageResources.loaded_sql)
  static let verified = SQLFragment("verified.sql", PackageResources.verified_sql)
  static let tally = SQLFragment("tally.sql", PackageResources.tally_sql)
  static let tallyVerified = SQLFragment("tally_verified.sql", PackageResources.tally_verified_sql)
  static let tallyListed = SQLFragment("tally_listed.sql", PackageResources.tally_listed_sql)
  static let listed = SQLFragment("listed.sql", PackageResources.listed_sql)
  static let listedIDs = SQLFragment("listed_ids.sql", PackageResources.listed_ids_sql)
  static let listedAsText = SQLFragment("listed_as_text.sql", PackageResources.listed_as_text_sql)
  static let gone = SQLFragment("gone.sql", PackageResources.gone_sql)
  static let goneRemoved = SQLFragment("gone_removed.sql", PackageResources.gone_removed_sql)
  static let lanes = SQLFragment("lanes.sql", PackageResources.lanes_sql)
  static let plan = SQLFragment("plan.sql", PackageResources.plan_sql)
  static let planOnly = SQLFragment("plan_only.sql", PackageResources.plan_only_sql)
  static let firstID = SQLFragment("first_id.sql", PackageResources.first_id_sql)
  static let describe = SQLFragment("describe.sql", PackageResources.describe_sql)
  static let sourceRows = SQLFragment("source_rows.sql", PackageResources.source_rows_sql)
  static let tracked = SQLFragment("tracked.sql", PackageResources.tracked_sql)
  static let untracked = SQLFragment("untracked.sql", PackageResources.untracked_sql)
    .filling(["trigger_problem": .triggerProblem, "table_problem": .tableProblem])
  static let unseen = SQLFragment("unseen.sql", PackageResources.unseen_sql)
  static let goneIDs = SQLFragment(sql: "select entity_id from gone order by 1")
  /// Only makes the server read the ids.
  static let noRow = SQLFragment(sql: "select from page limit 0")
}
