import Postgres

/// How large the parts of a dead letter may be, in bytes.
///
/// Jobs write within these limits; of rows written by another program or an older version no more than this is read.
package enum LetterSize {
  /// A longer name is cut, and distinguished by its digest.
  static let item = 64 * 1024
  static let message = 8 * 1024
  /// Of a larger payload only the size is kept.
  static let payload = 128 * 1024

  /// All columns of `oneshot.dead_letters` and `digest`, for `DeadLetter(row:)`.
  ///
  /// - Parameter alias: of the table.
  static func columns(of alias: String) -> SQLFragment {
    let plain = [
      "instance", "job", "server", "variant", "attempts", "first_failed_at", "last_failed_at", "last_run_id", "state",
      "replay_asked_at", "replay_run_id",
    ]
    // Reading the size of the stored value costs nothing; the text is produced only for values that may be small
    // enough.
    return SQLFragment(
      sql: plain.map { "\(alias).\($0)" }.joined(separator: ", ") + """
        , encode(\(alias).item_digest, 'hex') as digest, left(\(alias).item, \(item)) as item,
          left(\(alias).error_kind, 200) as error_kind, left(\(alias).error_message, \(message)) as error_message,
          left(\(alias).replay_asked_by, 1000) as replay_asked_by,
          \(document("\(alias).payload")) as payload
        """)
  }

  /// SQL for a `jsonb` column up to the size of a payload; of a larger one only the size.
  package static func document(_ column: String) -> String {
    """
    case when pg_column_size(\(column)) <= \(payload) and octet_length(\(column)::text) <= \(payload) then \(column)
      when \(column) is not null then jsonb_build_object('\(leftOut)', pg_column_size(\(column)) || ' bytes as stored') end
    """
  }

  /// The member that replaces a payload that is too large.
  fileprivate static let leftOut = "left_out"
}

extension ItemFailure {
  /// The same with a message and a payload that fit into a letter.
  var bounded: ItemFailure {
    var failure = self
    failure.message = message.shortened(to: LetterSize.message)
    let size = payload.text.utf8.count
    if size > LetterSize.payload { failure.payload = JSON(members: [(LetterSize.leftOut, .string("\(size) bytes"))]) }
    return failure
  }
}
