import JobRuntime
import Postgres

extension Recalculation {
  /// The letters of the buckets that a step has calculated.
  ///
  /// The server compares their moments, because there are nearly always no letters, and there may be thousands of
  /// buckets.
  func wereCalculated(by step: Step) -> SQLFragment {
    SQLFragment(
      sql: """
        case
          when starts_with(letter.item, :prefix)
            and substr(letter.item, length(:prefix) + 1) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$'
          then substr(letter.item, length(:prefix) + 1)::timestamptz = any (:starts::timestamptz[])
        end and letter.item <> all (:failed::text[])
        """,
      ["prefix": "\(source.name) \(granularity.rawValue) ", "starts": step.starts, "failed": step.failures.map(\.item)])
  }
}
