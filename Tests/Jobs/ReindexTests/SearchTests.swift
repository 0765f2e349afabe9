import TestSupport
import Testing

/// `search()`: what a person types, and what is found.
@Suite(.timeLimit(.minutes(10))) struct SearchTests {
  private let catalogue: Catalogue

  init() async throws {
    catalogue = try await Catalogue()
    try await catalogue.place.execute(
      """
      insert into assets (id, title, description, tags, language) values
        (1, 'Elephants', 'at the river', '{africa}', null),
        (2, 'River in Africa', 'an elephant and a zebra', '{water}', null),
        (3, 'Zebra crossing', 'city traffic', '{elephant,stripes}', null),
        (4, 'Elefanten', 'am großen Fluss, weit gelaufen', null, 'german'),
        (5, 'O''Brien''s photographs', 'C++ and e-mail to me@example.com', null, null);
      insert into blog_posts values (1, 'The river', 'of elephants', 'and more elephants, elephants and elephants', null);
      """)
    #expect(try await catalogue.run().exitCode == 0)
  }

  /// What is found, the best first.
  private func search(_ query: String, entities: String = "null") async throws -> [String] {
    try await catalogue.place.rows(
      "select entity || ' ' || entity_id || case when approximate then ' ~' else '' end as found"
        + " from search(\(catalogue.literal(query)), \(entities)) with ordinality order by ordinality"
    ).map { $0[0] }
  }

  @Test func `a title counts for more than a description, and that for more than tags, however often`() async throws {
    #expect(try await search("elephant") == ["asset 1", "blog_post 1", "asset 2", "asset 3"])
    #expect(try await search("elephant", entities: "array['asset']") == ["asset 1", "asset 2", "asset 3"])
    #expect(try await search("elephant", entities: "array['creator']") == [])
  }

  @Test func `equal ones always stand in the same order, and a limit cuts it`() async throws {
    try await catalogue.place.execute(
      "insert into projects select g, 'same title', 'same text' from generate_series(1, 50) g")
    #expect(try await catalogue.run().exitCode == 0)
    let all = try await catalogue.place.rows("select entity_id as a from search('same title', null, 100)").map { $0[0] }
    #expect(all.count == 50 && all == all.sorted())
    #expect(try await search("same title") == all.prefix(20).map { "project \($0)" })
  }

  @Test(arguments: ["elephant -river", "elephant -nothing", "elephant -riv*", "elephant -\"a river\""])
  func `what is excluded changes no rank`(query: String) async throws {
    func ranks(_ query: String) async throws -> [[String]] {
      try await catalogue.place.rows(
        "select entity, entity_id, rank::text from search(\(catalogue.literal(query))) where rank > 0.01 order by 1, 2")
    }
    let (all, some) = (try await ranks("elephant"), try await ranks(query))
    #expect(!some.isEmpty && some.allSatisfy(all.contains), "\(some)")
  }

  @Test func `phrase, minus, or, and beginnings`() async throws {
    #expect(try await search("\"elephant and a zebra\"") == ["asset 2"])
    #expect(try await search("\"zebra elephant\"") == [])
    #expect(try await search("elephant -river") == ["asset 3"])
    #expect(try await search("traffic or photographs") == ["asset 5", "asset 3"])
    #expect(try await search("cross*") == ["asset 3"])
    #expect(try await search("elep* stri*") == ["asset 3"])
    #expect(try await search("photogr* -zebra") == ["asset 5"])
  }

  @Test func `each language reads the query in its own way`() async throws {
    #expect(try await search("Elefant") == ["asset 4"])
    #expect(try await search("Flusses") == ["asset 4"])
    #expect(try await search("gelaufen") == ["asset 4"])
    #expect(try await search("großer") == ["asset 4"])
  }

  @Test(arguments: [
    ("elephnat", ["asset 1 ~", "blog_post 1 ~", "asset 2 ~", "asset 3 ~"]), ("zebbra crosing", ["asset 3 ~"]),
    ("\"rivr in africa\"", ["asset 2 ~"]), ("photograpsh -zebra", ["asset 5 ~"]),
    ("zebra elepphant", ["asset 2 ~", "asset 3 ~"]),
    ("qqqqqq", []),
  ])
  func `a misspelt word still finds, and only words that stand nowhere are replaced`(
    query: String, found: [String]
  ) async throws {
    let all = try await search(query)
    #expect(Set(all) == Set(found), "\(all)")
  }

  @Test(arguments: [
    "'); drop table search_documents; --", "the of and", "", " ", "🎨🦓", "\"", "\"\"", "-", "-elephant", "- -", "!",
    "\\",
    "\\'", "a\\", "*", "**", "el*ph*", "*a", "(((", "&|!<->:*", "' & '", "or", "or or", "-or", "\"a b", "a:*b", "%",
    "_",
    "C++", "e-mail", "me@example.com", "https://example.com/a?b=c#d", "日本語", "\u{202E}abc", "\u{1}", "0x", "1.5e3", "ﬁ",
    "a<->b", "elephant:A", "--", ";", "$1", ":x", "İ", "ǅ",
  ])
  func `nothing that is typed is an error`(query: String) async throws {
    _ = try await search(query)
    _ = try await search(query + " elephnat* -\"" + query)
  }

  @Test func `dashes are no minus unless something follows them`() async throws {
    for dashes in ["repeat('-', 40)", "repeat('- ', 40)", "repeat('-- ', 100)"] {
      for word in ["elephant", "elephnat"] {
        #expect(try await catalogue.place.value("select count(*) from search(\(dashes) || ' \(word)')") == "4")
      }
      #expect(try await catalogue.place.value("select count(*) from search(\(dashes))") == "0")
    }
    #expect(try await search("elephant - river -").count == 3)
    #expect(try await search("elephant --river") == ["asset 3"])
    #expect(try await catalogue.place.value("select count(*) from search('elephant ' || repeat('-(', 100))") == "4")
  }

  @Test(arguments: 1...8)
  func `hundreds of random queries are no error`(seed: UInt64) async throws {
    var random = SeededGenerator(seed)
    let pieces = [
      "\\", "'", "\"", "-", "--", "- ", "*", ":*", ":A", "&", "|", "!", "<->", "(", ")", " ", "  ", "or", " or ", "the",
      "a", "elephnat", "river", "in*", "é", "e\u{301}", "\u{301}", "🦓", "👩‍👩‍👧", "日本", "ß", "İ", "\u{202E}", "\u{1}",
      "\t", "\n", "0", "1.5e3", "@", "/", "://", "%", "_", "$1", "{", "}", "[", ",", ";", "<b>", "&amp;", "x",
    ]
    let queries = (0..<60).map { number in
      let piece = pieces.randomElement(using: &random) ?? ""
      let count = number % 10 == 0 ? 3000 : Int.random(in: 1...40, using: &random)
      return number % 3 == 0
        ? String(repeating: piece + (pieces.randomElement(using: &random) ?? ""), count: count)
        : (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    }
    let values = queries.map { "(\(catalogue.literal($0)))" }.joined(separator: ", ")
    #expect(
      try await catalogue.place.value(
        "select count(*) from (values \(values)) as typed (query) left join lateral search(query, null, 1) on true")
        == "60")
  }

  @Test func `a beginning that is also a word which does not count finds longer words`() async throws {
    try await catalogue.place.execute(
      "insert into projects values (1, 'Theatres of wealth', 'inner heroes', null), (2, 'Webs', 'islands', null)")
    #expect(try await catalogue.run().exitCode == 0)
    #expect(try await search("the*", entities: "array['project']") == ["project 1"])
    #expect(try await search("THE* inne*") == ["project 1"])
    // The word stands there itself, too.
    #expect(try await search("the*").sorted() == ["asset 1", "blog_post 1", "project 1"])
    #expect(try await search("he*") == ["project 1"])
    #expect(try await search("we*", entities: "array['project']").sorted() == ["project 1", "project 2"])
    #expect(try await search("we* -the*", entities: "array['project']") == ["project 2"])
    #expect(try await search("is*") == ["project 2"])
    #expect(try await search("\"the* of wealth\"") == ["project 1"])
  }

  @Test func `however often a session searches, it never reads the whole table`() async throws {
    try await catalogue.place.execute(
      """
      insert into search_documents select 'note', g::text, to_tsvector('english', 'word' || g), 1, 'english'
        from generate_series(1, 20000) g;
      """)
    try await catalogue.place.execute("vacuum analyze search_documents")
    try await catalogue.place.execute(
      """
      do $$
      declare scans bigint;
      begin
        for number in 1 .. 10 loop
          if not (select bool_and(approximate) from search('elephnat')) then raise exception 'not found'; end if;
          perform search('rivrr elephnat');
        end loop;
        select seq_scan into strict scans from pg_stat_xact_user_tables
        where relid = 'public.search_documents'::regclass;
        if scans > 0 then raise exception '% scans', scans; end if;
      end $$;
      """)
  }

  @Test func `of many misspelt words six are looked for, and a beginning that is typed many times is once`()
    async throws
  {
    try await catalogue.place.execute(
      """
      insert into search_words select 'english', 'word' || g from generate_series(1, 20000) g;
      create function scans(index regclass, query text) returns bigint language plpgsql as $$
      declare
        before constant bigint := pg_stat_get_xact_numscans(index);
      begin
        perform search(query);
        return pg_stat_get_xact_numscans(index) - before;
      end $$;
      """)
    // The index has what waits in its list taken in, without which it would not be looked into.
    try await catalogue.place.execute("vacuum analyze search_words")
    func scans(of index: String, for words: [String]) async throws -> Int {
      let query = catalogue.literal(words.joined(separator: " "))
      return Int(try await catalogue.place.value("scans('\(index)', \(query))")) ?? 0
    }
    let one = try await scans(of: "search_words_likeness", for: ["zebbra"])
    #expect(one > 0)
    #expect(try await scans(of: "search_words_likeness", for: (1...40).map { "zebbra\($0)" }) <= one * 6)
    let beginning = try await scans(of: "search_documents_document", for: ["a*"])
    #expect(beginning > 0)
    #expect(
      try await scans(of: "search_documents_document", for: Array(repeating: "a*", count: 166)) == beginning)
  }

  @Test func `what is far too long is cut, and null is nothing`() async throws {
    for word in ["x", "日本", "elephant ", "🦓", "a* ", "\"", "-a ", "a or ", "qzx wvj "] {
      let long = "repeat('\(word)', 10240)"
      _ = try await catalogue.place.value("select count(*) from search(\(long))")
    }
    #expect(try await catalogue.place.value("select count(*) from search(null)") == "0")
    #expect(try await catalogue.place.value("select count(*) from search('elephant', null, null)") == "4")
    #expect(try await catalogue.place.value("select count(*) from search('elephant', null, -1)") == "0")
    #expect(try await catalogue.place.value("select count(*) from search('elephant', '{}')") == "0")
  }

  @Test func `without pg_trgm it finds what is spelt right, and the rest once pg_trgm is there`() async throws {
    try await catalogue.place.execute("drop extension pg_trgm cascade")
    #expect(try await search("elephant").count == 4)
    #expect(try await search("elephnat") == [])
    try await catalogue.place.execute(
      "create schema elsewhere; create extension pg_trgm schema elsewhere; select oneshot.search_likeness()")
    #expect(try await search("elephnat").count == 4)
  }

  @Test func `a role that may only read the index can search, whatever its search_path`() async throws {
    let role = "visitor_\(try await catalogue.place.databaseName())"
    try await catalogue.place.execute(
      """
      create role \(role);
      grant select on search_documents, search_languages, search_words to \(role);
      create schema trap; create table trap.search_documents (like search_documents); grant usage on schema trap to \(role);
      """)
    try await catalogue.place.execute(
      """
      set role \(role); set search_path = trap;
      do $$ begin
        if (select count(*) from public.search('elephant')) <> 4 or (select count(*) from public.search('elephnat')) <> 4
        then raise exception 'not found'; end if;
      end $$;
      reset role; reset search_path;
      """)
  }

  @Test func `a language that is gone finds nothing, and is no error`() async throws {
    try await catalogue.place.execute("insert into search_languages values ('klingon'), ('My Words'), ('a''b')")
    #expect(try await search("elephant").count == 4)
  }
}
