import Foundation
import Postgres
import Redis
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// One run as a value, in a process that goes on.
@Suite(.timeLimit(.minutes(10))) struct InvocationTests {
  private static let log = ["JOB_LOG_LEVEL": "debug", "JOB_LOG_FORMAT": "json"]

  private func result<J: Job>(of answer: Invocation<J>.Answer) throws -> RunResult {
    guard case .result(let result) = answer else { throw TestFailure("no result: \(answer)") }
    return result
  }

  @Test func `two jobs at once do their work, and what they say is not mixed up`() async throws {
    let place = try await Place()
    try await place.execute("create table done (job text, run text)")
    let (isSampleIn, isOtherIn) = (Gate(), Gate())
    let environment = place.environment.merging(Self.log) { $1 }
    let (sampleProcess, otherProcess) = (InProcess([], environment), InProcess([], environment))
    let sampleJob = SampleJob { run in
      isSampleIn.open()
      try await isOtherIn.wait()
      try await OtherJob.note("sample", run)
    }
    let otherJob = OtherJob { run in
      isOtherIn.open()
      try await isSampleIn.wait()
      try await OtherJob.note("other", run)
    }
    async let first = Invocation<SampleJob>(sampleProcess.surroundings, making: { _ in sampleJob }).answer()
    async let second = Invocation<OtherJob>(otherProcess.surroundings, making: { _ in otherJob }).answer()
    let (sample, other) = (try result(of: await first), try result(of: await second))

    for (result, process, job) in [(sample, sampleProcess, "sample"), (other, otherProcess, "other")] {
      #expect(result.status == .succeeded && result.job == job, "\(result)")
      #expect(ResultLine(text: process.output)["run_id"].string == result.runID)
      let lines = process.log.map { ResultLine(text: $0) }
      #expect(lines.count > 5)
      for line in lines { #expect(line["job"].string == job && line["run_id"].string == result.runID) }
      #expect(lines.contains { $0["message"].string == "this is \(job)" })
    }
    #expect(sample.counts == [:] && other.counts == ["noted": 1])
    let rows = try await place.rows("select job as a, run as b from done order by 1")
    #expect(rows == [["other", other.runID], ["sample", sample.runID]])
    let ledger = try await place.rows("select job as a, run_id as b, status as c from oneshot.job_runs order by 1")
    #expect(ledger == [["other", other.runID, "succeeded"], ["sample", sample.runID, "succeeded"]])
    #expect(try await place.redis("DBSIZE").integer == 0)
  }

  @Test func `the shards of a job run at once, each with its own settings`() async throws {
    let place = try await Place()
    let seen = Numbers()
    let everybodyIsIn = Gate()
    try await withThrowingTaskGroup { group in
      for index in 0..<8 {
        group.addTask {
          try await SampleJob { run in
            if seen.insert(run.shard.index) == 8 { everybodyIsIn.open() }
            try await everybodyIsIn.wait()
          }.result(in: place, ["JOB_SHARD_COUNT": "8", "JOB_SHARD_INDEX": "\(index)"])
        }
      }
      for try await result in group { #expect(result.status == .succeeded) }
    }
    #expect(try await place.value("select count(*) from oneshot.job_runs where status = 'succeeded'") == "8")
  }

  @Test func `a stop that is requested ends the run and not the process`() async throws {
    let place = try await Place()
    let process = InProcess([], place.environment.merging(Self.log) { $1 })
    let isIn = Gate()
    let job = SampleJob { _ in
      isIn.open()
      try await Task.sleep(for: .seconds(600))
    }
    async let answer = Invocation<SampleJob>(process.surroundings, making: { _ in job }).answer()
    try await isIn.wait()
    process.surroundings.stop.make(by: SIGINT)
    let stopped = try result(of: await answer)
    #expect(stopped.status == .interrupted && stopped.exitCode == 130)
    #expect(ResultLine(text: process.output)["exit_code"].int == 130)
    #expect(try await place.value("select status from oneshot.job_runs") == "interrupted")
    #expect(try await place.redis("DBSIZE").integer == 0)
    #expect(try await SampleJob().result(in: place).status == .succeeded)
  }

  @Test func `what needs no run is answered with a text`() async throws {
    for argument in ["--help", "--version", "--describe"] {
      let process = InProcess([argument], ["DATABASE_URL": "nonsense"])
      guard case .text(let text) = await Invocation<SampleJob>(process.surroundings).answer() else {
        Issue.record("a run")
        continue
      }
      #expect(text == process.output && text.contains("sample") && process.log == [])
    }
  }

  @Test(
    arguments: [(["--nonsense"], 64), (["--plan", "--check"], 64), (["--plan", "--plan"], 64), ([], 78)]
      as [([String], Int32)])
  func `what is refused is a result too`(arguments: [String], code: Int32) async throws {
    let process = InProcess(arguments, [:])
    let refused = try result(of: await Invocation<SampleJob>(process.surroundings).answer())
    #expect(refused.status == .failed && refused.exitCode == code)
    #expect(ResultLine(text: process.output)["exit_code"].int == Int(code))
    #expect(process.log.count == 1)
  }

  @Test func `the second copy is written where a setting says, else where the surroundings do`() async throws {
    let folder = try TemporaryFolder()
    let (given, found) = ("\(folder.path)/given", "\(folder.path)/found")
    for (settings, path) in [(["JOB_RESULT_FILE": given], given), ([:], found)] {
      var process = InProcess([], settings)
      process.surroundings.resultFile = found
      _ = await Invocation<SampleJob>(process.surroundings).answer()
      #expect(try String(contentsOfFile: path, encoding: .utf8) + "\n" == process.output)
      try FileManager.default.removeItem(atPath: path)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test func `the first of several ways to the end is the one that is told`() async throws {
    let process = InProcess([], [:])
    guard case .run(let run) = Invocation<SampleJob>(process.surroundings).prepare() else {
      Issue.record("a text")
      return
    }
    let (refused, late) = (await run.result(), run.lastWord(.deadline))
    #expect(run.delivery.deliver(refused) == 78)
    var other = late
    other.exitCode = 75
    #expect(run.delivery.deliver(other) == 78)
    #expect(process.output.split(separator: "\n").count == 1)
  }
}

/// A second job.
private struct OtherJob: Job {
  static let facts = JobFacts(name: "other", summary: "does what a test says, beside the sample")

  struct Settings: JobSettings { init(from env: inout Environment) {} }
  struct Report: JobReport { var noted = 0 }

  var work: @Sendable (JobRun) async throws -> Void

  init(work: @escaping @Sendable (JobRun) async throws -> Void) { self.work = work }
  init(settings: Settings) { self.init { _ in } }

  func run(_ run: JobRun) async throws -> Report {
    try await work(run)
    return Report(noted: 1)
  }

  /// Leaves a row and a line that say whose they are.
  static func note(_ job: String, _ run: JobRun) async throws {
    run.log.info("this is \(job)")
    let id = "\(run.id)"
    try await run.transaction { tx in try tx.execute("insert into done (job, run) values (\(job), \(id))") }
  }
}

/// Which shards are at work.
private final class Numbers: Sendable {
  private let numbers = Mutex<Set<Int>>([])

  /// - Returns: how many there are now.
  func insert(_ number: Int) -> Int {
    numbers.withLock { numbers in
      numbers.insert(number)
      return numbers.count
    }
  }
}
