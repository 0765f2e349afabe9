import JobRuntime
import Operations
import TestSupport
import Testing

/// All jobs' settings that name a time zone go one way.
@Suite(.timeLimit(.minutes(10))) struct TimeZoneTests {
  @Test func `each is read as a name, and what is none is refused by runs, --plan and --check`() async throws {
    let place = try await Place()
    var found: [String] = []
    for job in JobNames.all {
      try await place.createTables(of: job)
      let settings = try await Binary(job).run(["--describe"]).result["settings"].elements
      for setting in settings {
        guard let name = setting["name"].string, name.contains("ZONE") else { continue }
        found.append(name)
        #expect(setting["form"].string == "name of a time zone", "\(name): Environment.timeZone reads it")
        for arguments in [["--check"], ["--plan"], []] {
          let run = try await Binary(job).run(arguments, place.environment.merging([name: "UTC-5"]) { $1 })
          #expect(run.exitCode == 78, "\(job) \(arguments): \(run.output)")
          #expect(run.result["error", "message"].string?.contains("\(name) is «UTC-5»") == true)
          #expect(run.result["error", "hint"].string?.contains("Etc/GMT+5 or America/Bogota") == true)
        }
      }
    }
    #expect(found.count >= 2, "\(found)")
    #expect(try await place.value("select string_agg(distinct status, ',') from oneshot.job_runs") == "failed")
  }
}
