import Foundation

/// Models in Python that are obviously right: Tests/Feeds.
enum PythonModel {
  /// What a model prints for the rows that it is given.
  ///
  /// - Parameters:
  ///   - script: its file in Tests/Feeds.
  ///   - rows: a JSON object with settings and rows.
  static func answer<Value: Decodable>(of script: String, _ rows: String) async throws -> Value {
    let folder = try TemporaryFolder()
    let file = URL(filePath: folder.path).appending(path: "rows.json")
    try rows.write(to: file, atomically: true, encoding: .utf8)
    let model = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Feeds/\(script)").standardized
    let run = try await Binary(path: "/usr/bin/python3").run([model.path, file.path])
    guard run.exitCode == 0 else { throw TestFailure(run.errors) }
    return try JSONDecoder().decode(Value.self, from: Data(run.output.utf8))
  }
}
