import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobRuntime

@Suite struct URLSettingTests {
  private func read(_ variables: [String: String]) -> (value: String?, env: Environment) {
    var env = Environment(variables)
    let value: String? = env.url("PLACE_URL", form: "a URL", isRequired: true, help: "") { .success($0) }
    return (value, env)
  }

  @Test(arguments: ["s://u:pw@h\n", "s://u:pw@h\r\n", " s://u:pw@h\t \n\n", "\u{FEFF}s://u:pw@h"])
  func `what a file or a form leaves at the ends of a URL is no part of it`(text: String) throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/url"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    for variables in [["PLACE_URL": text], ["PLACE_URL_FILE": file]] {
      let (value, env) = read(variables)
      #expect(value == "s://u:pw@h" && env.problems.isEmpty)
      #expect(env.secrets.contains("s://u:pw@h"))
    }
  }

  @Test(arguments: [("\"s://u:pw@h\"", "quotation mark"), ("'s://u:pw@h'", "quotation mark"), (" \n", "blanks")])
  func `quotation marks of a file of variables are named, and so is a value of blanks`(text: String, word: String) {
    let (value, env) = read(["PLACE_URL": text])
    #expect(value == nil && env.problems.count == 1)
    #expect(env.problems.allSatisfy { $0.message.contains(word) && !$0.message.contains("pw") })
  }

  @Test func `a line break at the end of DATABASE_URL is no part of it`() {
    var env = Environment(["DATABASE_URL": "postgresql://h/db\r\n"])
    #expect(databaseOptions(from: &env)?.target == "h/db")
    #expect(env.problems.isEmpty)
  }
}
