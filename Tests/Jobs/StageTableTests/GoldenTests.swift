import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import StageTable

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let loading = try await Loading()
    var golden = GoldenStatements("stage-table", ["shown": "tallies"])
    try golden.add(folder: "Jobs/StageTable", except: ["surplus", "changed", "new", "twice", "unlike"])
    let columns = ["post_id bigint not null", "kind text", "seen numeric(8,2)", "day date"].map { definition in
      let name = String(definition.prefix { $0 != " " })
      let type = String(definition.dropFirst(name.count + 1))
      return Target.Column(name: name, type: type, definition: type)
    }
    for (mode, more) in [
      ("replace", [:]), ("merge", [:]), ("append", ["STAGE_DEDUP": "post_id"]),
      ("window", ["STAGE_WINDOW_COLUMN": "day"]),
    ] as [(String, [String: String])] {
      var env = Environment(["STAGE_TABLE": "tallies", "STAGE_MODE": mode].merging(more) { $1 })
      let settings = StageTable.Settings(from: &env)
      let moment = try #require(Timestamp(rfc3339: Loading.now))
      let target = Target(columns: columns, key: ["post_id"], hasRowTriggers: false)
      let merge = Merge(target, settings, settings.window(of: moment))
      golden.add("insert_\(mode)", try merge.insert(isPlan: false).statement())
      switch mode {
      case "window":
        golden.add("outside", try merge.outside().statement())
        golden.add("surplus_window", try merge.surplus(isPlan: false).statement())
      case "replace":
        golden.add("lock", try merge.lock().statement())
        golden.add("existing", try merge.existing().statement())
        golden.add("surplus", try merge.surplus(isPlan: false).statement())
        golden.add("surplus_planned", try merge.surplus(isPlan: true).statement())
        golden.add("update", try merge.update(isPlan: false).statement())
        golden.add("update_planned", try merge.update(isPlan: true).statement())
        golden.add("insert_planned", try merge.insert(isPlan: true).statement())
        golden.add("twice", try merge.twice().statement())
        let plain = Merge(Target(columns: columns, key: [], hasRowTriggers: false), settings, nil)
        golden.add("unlike", try plain.unlike().statement())
        golden.add("clear", try plain.clear().statement())
        golden.add("fill", try plain.fill().statement())
        golden.add("staged", Stage(target, settings).staged.creation)
      default: break
      }
    }
    let texts = columns.map { StagingTable.Column($0.name, "text") }
    let number = StagingTable.Column(BadRows.number, "bigint generated always as identity")
    golden.add("texts", StagingTable(Stage.texts, texts + [number]).creation)
    golden.add("refused", BadRows.table.creation)
    try await golden.check(in: loading.place, needs: ["*": ["staged"], "cast": ["texts", "refused"]])
  }
}
