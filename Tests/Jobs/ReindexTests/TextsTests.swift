import Foundation
import TestSupport
import Testing

/// A column's type says how it is read: lists by their elements, markup by what a person sees of it.
@Suite(.timeLimit(.minutes(10))) struct TextsTests {
  private let catalogue: Catalogue
  private var place: Place { catalogue.place }

  init() async throws { catalogue = try await Catalogue() }

  private func found(_ query: String, in entity: String) async throws -> String {
    try await place.value(
      """
      select coalesce(string_agg(entity_id, ' ' order by entity_id), '')
      from search(\(catalogue.literal(query)), array['\(entity)']) where not approximate
      """)
  }

  @Test(arguments: [
    ("text", #"E'http://x/page forest\nline\nsecond'"#),
    ("text[]", #"array['http://x/page', null, 'forest', E'line\nsecond']"#),
    ("text[]", #"array[['http://x/page', 'forest'], [null, E'line\nsecond']]"#),
    ("json", #"'["http://x/page", null, "forest", "line\nsecond"]'"#),
    ("jsonb", #"'["http://x/page", null, "forest", "line\nsecond"]'"#),
    ("jsonb", #"'{"null": ["http://x/page", {"null": "forest"}, null, [["line\nsecond"]]]}'"#),
    ("jsonb[]", #"array['["http://x/page", null]', '"forest"', '"line\nsecond"']::jsonb[]"#),
  ])
  func `lists are read by their elements, without nulls, names of members and what their notation adds`(
    type: String, value: String
  ) async throws {
    try await place.execute(
      """
      alter table assets alter tags type \(type) using null;
      insert into assets (id, title, tags) values (1, 'First', \(value)), (2, 'Second one', null);
      """)
    let run = try await catalogue.run([], ["REINDEX_ENTITIES": "asset"])
    #expect(run.exitCode == 0 && run.count("inserted") == 2, "\(run.output)")
    for word in ["forest", "page", "line", "\"line second\""] {
      #expect(try await found(word, in: "asset") == "1", "\(word)")
    }
    #expect(try await found("second", in: "asset") == "1 2")
    for word in ["null", "nsecond", "nline"] { #expect(try await found(word, in: "asset") == "", "\(word)") }
    #expect(try await catalogue.run([], ["REINDEX_ENTITIES": "asset"]).count("unchanged") == 2)
    #expect(try await catalogue.run([], ["REINDEX_ENTITIES": "asset", "REINDEX_MODE": "verify"]).exitCode == 0)
  }

  @Test func `numbers of arrays are words, those of JSON none; other types are read as they are written`() async throws
  {
    let folder = try TemporaryFolder()
    try #"select id, mood as a, array[id, 4711] as b, day as c, '{"n": 815}'::jsonb as d from moods"#.write(
      toFile: "\(folder.path)/mood.sql", atomically: true, encoding: .utf8)
    try await place.execute(
      """
      create type mood as enum ('sad', 'glad');
      create table moods (id integer primary key, mood mood, day date);
      insert into moods values (1, 'glad', '2025-11-08');
      """)
    let run = try await catalogue.run([], ["REINDEX_ENTITIES_DIR": folder.path, "REINDEX_ENTITIES": "mood"])
    #expect(run.exitCode == 0, "\(run.output)")
    for word in ["glad", "4711", "2025"] { #expect(try await found(word, in: "mood") == "1", "\(word)") }
    #expect(try await found("815", in: "mood") == "")
  }

  @Test func `what has angle brackets and is no markup is found`() async throws {
    try await place.execute(
      "insert into assets (id, title, description) values (1, 'List<String>', 'count<limit && total>max <b>')")
    #expect(try await catalogue.run([], ["REINDEX_ENTITIES": "asset"]).exitCode == 0)
    for word in ["list", "string", "count", "limit", "total", "max", "b"] {
      #expect(try await found(word, in: "asset") == "1", "\(word)")
    }
  }

  private static let post = """
    <!-- hidden --><article class="wide"><h1>Title</h1><p>One<br>Two caf&eacute; <b>Dr</b>agon &amp; son</p>
    <script type="x">var evil = "<p>";</script><a href="http://link.example/?q=1">Anchor</a> List&lt;Integer&gt;
    count<limit && total>max <photo-box size=9>Boxed</photo-box> <remark>Noted</remark></article>
    """

  @Test func `of a post's markup is found what a person sees`() async throws {
    try await place.execute(
      "insert into blog_posts (id, title, content) values (1, 'Post', \(catalogue.literal(Self.post)))")
    #expect(try await catalogue.run([], ["REINDEX_ENTITIES": "blog_post"]).exitCode == 0)
    for word in [
      "title", "one", "two", "café", "dragon", "son", "anchor", "integer", "limit", "total", "max", "boxed", "noted",
    ] {
      #expect(try await found(word, in: "blog_post") == "1", "\(word)")
    }
    for word in [
      "hidden", "article", "class", "wide", "h1", "br", "onetwo", "eacute", "dr", "agon", "evil", "script", "href",
      "link", "amp", "photo", "size", "remark",
    ] {
      #expect(try await found(word, in: "blog_post") == "", "\(word)")
    }
    #expect(try await catalogue.run([], ["REINDEX_ENTITIES": "blog_post", "REINDEX_MODE": "verify"]).exitCode == 0)
  }

  @Test func `an entity says which of its texts are markup, lists of it as well`() async throws {
    let folder = try TemporaryFolder()
    try "select id, title as a, oneshot.search_markup(description) as b, oneshot.search_markup(tags) as c from assets"
      .write(
        toFile: "\(folder.path)/asset.sql", atomically: true, encoding: .utf8)
    try await place.execute(
      #"insert into assets values (1, '<i>In</i>', '<p>Body &#x2713; caf&#233;</p>', array['<u>Under</u>', null, '<hr>lined'])"#
    )
    let run = try await catalogue.run([], ["REINDEX_ENTITIES_DIR": folder.path, "REINDEX_ENTITIES": "asset"])
    #expect(run.exitCode == 0, "\(run.output)")
    for word in ["i", "in", "body", "café", "under", "lined"] {
      #expect(try await found(word, in: "asset") == "1", "\(word)")
    }
    for word in ["p", "u", "hr", "233"] { #expect(try await found(word, in: "asset") == "", "\(word)") }
  }

  @Test(arguments: [
    ("no markup < here > & there", "no markup < here > & there"),
    ("a <b>c</B > d<BR/>e", "a c d e"), ("<p title='a>b' hidden>x", "x"), ("x<!-- <p> -->y<!-- no end", "xy"),
    ("<!DOCTYPE html><?xml version='1.0'?><![CDATA[raw]]>", "raw"), ("<style>p{}</style>s<SCRIPT>no end", "s"),
    ("&amp;lt; &#38;amp; &lt;p&gt;", "&lt; &amp; <p>"), ("&Auml;&omega;&#x416;&#1046;&nothing;&; R&D", "ÄωЖЖ &; R&D"),
    ("<to>T</to><x/><y z='1'/>Map<Key, Value>", "T Map<Key, Value>"), ("<svg:rect/>a<my-tag b=c>d", "a d"),
    ("1 < 2 <a", "1 < 2 <a"), ("if (a<i && i>0)", "if (a<i && i>0)"), ("&#0;&#55296;&#9999999;", ""),
  ])
  func `tags, comments, scripts and styles are left out, references are what they stand for`(
    markup: String, seen: String
  ) async throws {
    let shown = try await place.value("oneshot.search_unmarked(\(catalogue.literal(markup)))")
    #expect(shown.split(whereSeparator: \.isWhitespace).joined(separator: " ") == seen, "\(shown)")
  }
}
