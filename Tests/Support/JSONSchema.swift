import Foundation

/// A schema of docs/, by Python's jsonschema.
package struct JSONSchema {
  private let path: String

  /// - Parameter name: of a file in docs/.
  package init(_ name: String) {
    path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/\(name)").path
  }

  /// - Returns: what the validator says; empty when all is well.
  package func complaint(about line: String) async throws -> String {
    let script = """
      import json, sys, jsonschema
      schema = json.load(open(sys.argv[1]))
      jsonschema.Draft202012Validator.check_schema(schema)
      for error in jsonschema.Draft202012Validator(schema).iter_errors(json.loads(sys.argv[2])): print(error.message)
      """
    let outcome = try await Binary(path: "/usr/bin/python3").run(["-c", script, path, line])
    return outcome.output + outcome.errors
  }
}
