import TestSupport
import Testing

/// Documents that were made by an earlier recipe.
@Suite(.timeLimit(.minutes(10))) struct RecipeTests {
  private let catalogue: Catalogue

  /// An index as reindex left it before `oneshot migrate` brought today's recipe: stems, and hashes of the first recipe.
  init() async throws {
    catalogue = try await Catalogue()
    try await catalogue.place.execute(
      """
      insert into assets (id, title, description) values (1, 'Universities', 'COVID-19'), (2, 'A forest', null);
      insert into search_documents (entity, entity_id, document, source_hash, language)
      select 'asset', id::text, setweight(to_tsvector('english', title), 'A')
          || setweight(to_tsvector('english', coalesce(description, '')), 'B'),
        hash_record_extended(
          row (title collate "C", description collate "C", null::text collate "C", null::text collate "C",
            'english'::text collate "C"), 1), 'english' from assets;
      insert into search_languages values ('english');
      insert into search_words (language, word)
      select distinct 'english', lexeme from search_documents, unnest(document) where lexeme > ':';
      """)
  }

  @Test(arguments: ["changed", "rebuild"])
  func `the next run makes each of them again, once`(mode: String) async throws {
    let settings = ["REINDEX_ENTITIES": "asset"]
    let first = try await catalogue.run([], settings.merging(["REINDEX_MODE": mode]) { $1 })
    #expect(first.exitCode == 0 && first.count("updated") == 2, "\(first.output)")
    #expect(try await catalogue.differences() == [])
    #expect(try await catalogue.found("universit*") == "1")
    #expect(try await catalogue.found("covid 19") == "1")
    let second = try await catalogue.run([], settings)
    #expect(second.exitCode == 0 && second.count("unchanged") == 2, "\(second.output)")
  }

  @Test func `until then they are found as before`() async throws {
    for (query, found) in [
      ("university", "1"), ("forests", "2"), ("fores*", "2"), ("forest -covid", "2"), ("forrest", "2~"),
    ] {
      #expect(try await catalogue.found(query) == found, "\(query)")
    }
  }
}
