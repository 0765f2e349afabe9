import TestSupport

extension Catalogue {
  /// A text as SQL has it.
  ///
  /// Scalar by scalar: a mark may combine with the quote before it.
  func literal(_ text: String) -> String {
    "'" + text.unicodeScalars.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
  }

  /// Which documents of `assets` are found, by their ids; those that are only like what was typed with a tilde.
  func found(_ query: some StringProtocol) async throws -> String {
    try await place.value(
      """
      select coalesce(string_agg(entity_id || case when approximate then '~' else '' end, ' ' order by entity_id::bigint), '')
      from search(\(literal(String(query))), array['asset'], 1000)
      """)
  }
}
