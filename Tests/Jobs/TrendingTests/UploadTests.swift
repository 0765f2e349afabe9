import Foundation
import TestSupport
import Testing

/// Real people: who uploaded which Debian package, and when.
///
/// Packages are the posts, their first uploaders the authors, and what others uploaded of them the events. Ids are
/// texts here, names of packages and addresses.
@Suite(.timeLimit(.minutes(10))) struct UploadTests {
  @Test func `uploads of Debian's packages are ranked as the model ranks them, by texts as ids`() async throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/uploads.tsv"
    let run = try await Binary(path: "/usr/bin/python3").run([Self.script, file])
    #expect(run.exitCode == 0, "\(run.errors)")
    let uploads = try String(contentsOfFile: file, encoding: .utf8)
    guard uploads.split(separator: "\n").count > 1000 else {
      return skipped("the uploads of Debian's packages", because: "/usr/share/doc has hardly any changelogs")
    }
    let trends = try await Trends()
    // Twenty years are a month here.
    try await trends.place.execute(
      """
      alter table users alter id type text; alter table feeds alter id type text, alter user_id type text;
      alter table feed_comments alter feed_id type text, alter user_id type text;
      alter table feed_likes alter feed_id type text, alter user_id type text;
      alter table feed_shares alter feed_id type text, alter user_id type text;
      alter table feed_views alter feed_id type text, alter user_id type text;
      create table uploads as
      select split_part(line, E'\\t', 1) as package, split_part(line, E'\\t', 3) as person,
        timestamptz '\(Trends.now)' + interval '1 hour' - (max(split_part(line, E'\\t', 4)::bigint) over ()
          - split_part(line, E'\\t', 4)::bigint) / 240.0 * interval '1 second' as at
      from regexp_split_to_table($uploads$\(uploads)$uploads$, E'\\n') as line where line <> '';
      insert into users select distinct person, timestamptz '2020-01-01' from uploads;
      insert into feeds select distinct on (package) package, person, at from uploads order by package, at, person;
      insert into feed_comments select package, person, at from uploads;
      """)
    let rules = Trends.Rules(limit: 30, people: 1, decay: ["1h": 0.9, "24h": 0.95, "7d": 0.98])
    let ranked = try await trends.run([], rules.settings)
    #expect(ranked.exitCode == 0, "\(ranked.output)\(ranked.errors)")
    #expect(try await trends.list("7d").count == 30)
    try await trends.expectModel(rules, isThere: false)
  }

  private static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Feeds/uploads.py").standardized.path
}
