import Foundation
import TestSupport
import Testing

/// A pod of one of the CronJobs, made of its manifest as the kubelet would: environment, secrets as files, command,
/// grace period; and what becomes of its Job by its exit code.
///
/// Only the container is missing: the process runs on this machine.
struct Pod {
  /// What a Job does with a pod's end.
  enum Verdict: String {
    case complete = "Complete"
    case failJob = "FailJob"
    case failIndex = "FailIndex"
    /// A try that does not count.
    case ignore = "Ignore"
    case retry = "Count"
  }

  let binary: Binary
  let environment: [String: String]
  let grace: Duration
  private let rules: [[String: Any]]
  /// The secrets' folder, for as long as the pod lives.
  private let secrets: TemporaryFolder

  /// - Parameters:
  ///   - jobName: the Job's, as the CronJob's controller makes it; see `jobName(for:)`.
  ///   - secret: what the Secret holds.
  ///   - index: of an Indexed Job.
  init(of cronJob: String, in folder: String = "k8s/base", jobName: String, secret: [String: String], index: Int? = nil)
    async throws
  {
    let built = try await DeployTools.run("Tests/Deploy/manifests.py", [folder])
    let documents = try #require(JSONSerialization.jsonObject(with: Data(built.output.utf8)) as? [[String: Any]])
    func document(_ kind: String, _ name: String) throws -> [String: Any] {
      try #require(
        documents.first {
          $0["kind"] as? String == kind && ($0["metadata"] as? [String: Any])?["name"] as? String == name
        },
        "\(folder) has no \(kind) \(name)")
    }
    let manifest = try document("CronJob", cronJob)
    let job = try #require(Self.look(manifest, "spec", "jobTemplate", "spec") as? [String: Any])
    let pod = try #require(Self.look(job, "template", "spec") as? [String: Any])
    let container = try #require((pod["containers"] as? [[String: Any]])?.first)

    secrets = try TemporaryFolder()
    for (key, value) in secret {
      try value.write(toFile: "\(secrets.path)/\(key)", atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o440], ofItemAtPath: "\(secrets.path)/\(key)")
    }
    let mountPath = try #require((container["volumeMounts"] as? [[String: Any]])?.first?["mountPath"] as? String)
    var environment: [String: String] = [:]
    for source in container["envFrom"] as? [[String: Any]] ?? [] {
      let name = try #require(Self.look(source, "configMapRef", "name") as? String)
      environment.merge(try #require(document("ConfigMap", name)["data"] as? [String: String])) { $1 }
    }
    for variable in container["env"] as? [[String: Any]] ?? [] {
      let name = try #require(variable["name"] as? String)
      if let value = variable["value"] as? String {
        environment[name] = value.replacing(mountPath, with: secrets.path)
      } else {
        let path = Self.look(variable, "valueFrom", "fieldRef", "fieldPath") as? String
        try #require(path == "metadata.labels['batch.kubernetes.io/job-name']")
        environment[name] = jobName
      }
    }
    if let index { environment["JOB_COMPLETION_INDEX"] = String(index) }
    self.environment = environment
    binary = Binary(
      try #require((container["command"] as? [String])?.first?.split(separator: "/").last.map(String.init)))
    grace = .seconds(try #require(pod["terminationGracePeriodSeconds"] as? Int))
    rules = try #require(Self.look(job, "podFailurePolicy", "rules") as? [[String: Any]])
  }

  /// A Job's name: the CronJob's, and the slot in minutes since the epoch.
  static func jobName(_ cronJob: String, for slot: Date) -> String {
    "\(cronJob)-\(Int(slot.timeIntervalSince1970) / 60)"
  }

  func start(_ arguments: [String] = []) throws -> Binary.Running { try binary.start(arguments, environment) }

  func run(_ arguments: [String] = []) async throws -> Binary.Outcome { try await start(arguments).outcome() }

  /// What the kubelet does with a pod that has to go: SIGTERM, and SIGKILL once the grace is over.
  func stop(_ process: Binary.Running) async throws -> Binary.Outcome {
    process.send(SIGTERM)
    return try await process.outcome(within: grace)
  }

  /// What the Job's controller does: the first rule that fits decides; without one the try counts.
  func verdict(_ exitCode: Int32, isDisrupted: Bool = false) throws -> Verdict {
    if exitCode == 0 { return .complete }
    for rule in rules {
      if let codes = rule["onExitCodes"] as? [String: Any] {
        try #require(codes["operator"] as? String == "In" && codes["containerName"] as? String == "job")
        guard (codes["values"] as? [Int])?.contains(Int(exitCode)) == true else { continue }
      } else {
        let conditions = try #require(rule["onPodConditions"] as? [[String: String]])
        try #require(conditions == [["type": "DisruptionTarget", "status": "True"]])
        guard isDisrupted else { continue }
      }
      return try #require((rule["action"] as? String).flatMap(Verdict.init))
    }
    return .retry
  }

  private static func look(_ value: Any, _ path: String...) -> Any? {
    path.reduce(value) { ($0 as? [String: Any])?[$1] }
  }
}
