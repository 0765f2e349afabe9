import Foundation
import Testing

@testable import JobRuntime

@Suite struct SecretSettingTests {
  /// A file that goes away with its owner.
  private final class File {
    let path: String

    init(_ content: some Sequence<UInt8>) throws {
      path = FileManager.default.temporaryDirectory.appending(path: "oneshot-\(UUID().uuidString)").path
      try Data(content).write(to: URL(filePath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private func read(_ variables: [String: String], isRequired: Bool = true) -> (value: String?, env: Environment) {
    var env = Environment(variables)
    let value: String? = env.secret("KEY", form: "words", isRequired: isRequired, help: "") { .success($0) }
    return (value, env)
  }

  @Test func `a secret is read from its variable and remembered as one`() {
    let (value, env) = read(["KEY": "hunter2"])
    #expect(value == "hunter2")
    #expect(env.secrets == ["hunter2"])
    #expect(env.problems.isEmpty)
  }

  @Test(arguments: [
    ("hunter2", "hunter2"), ("hunter2\n", "hunter2"), ("hunter2\n\n", "hunter2\n"), (" hunter2 ", " hunter2 "),
    ("ü😀", "ü😀"),
  ])
  func `a secret is read from its file without one last newline`(content: String, wanted: String) throws {
    let file = try File(content.utf8)
    let (value, env) = read(["KEY_FILE": file.path])
    #expect(value == wanted)
    #expect(env.secrets == [wanted])
    #expect(env.problems.isEmpty)
    withExtendedLifetime(file) {}
  }

  @Test func `an empty variable beside a file counts as unset`() throws {
    let file = try File("hunter2".utf8)
    let (value, env) = read(["KEY": "", "KEY_FILE": file.path])
    #expect(value == "hunter2")
    #expect(env.problems.isEmpty)
    withExtendedLifetime(file) {}
  }

  @Test func `variable and file together are one problem that shows neither value`() throws {
    let file = try File("hunter2".utf8)
    let (value, env) = read(["KEY": "hunter3", "KEY_FILE": file.path])
    #expect(value == nil)
    #expect(env.problems == [SettingProblem(name: "KEY", message: "is set, and KEY_FILE too; set only one of them")])
    withExtendedLifetime(file) {}
  }

  @Test(arguments: ["", "\n"]) func `an empty file is one problem`(content: String) throws {
    let file = try File(content.utf8)
    let (value, env) = read(["KEY_FILE": file.path])
    #expect(value == nil)
    #expect(env.problems == [SettingProblem(name: "KEY_FILE", message: "names \(file.path), which is empty")])
  }

  @Test func `a file that is not there is one problem`() {
    let (value, env) = read(["KEY_FILE": "/nowhere/at/all"])
    #expect(value == nil)
    #expect(
      env.problems == [
        SettingProblem(
          name: "KEY_FILE", message: "names /nowhere/at/all, which cannot be read: No such file or directory")
      ])
  }

  @Test func `a folder, a file too large and one that is no text are no secrets`() throws {
    let large = try File([UInt8](repeating: 0x61, count: 70_000))
    let odd = try File([0x61, 0xFF] as [UInt8])
    for (path, reason) in [("/", "Is a directory"), (large.path, "64 KiB"), (odd.path, "not UTF-8")] {
      let (value, env) = read(["KEY_FILE": path])
      #expect(value == nil)
      #expect(env.problems.contains { $0.name == "KEY_FILE" && $0.message.contains(reason) }, "\(env.problems)")
    }
    withExtendedLifetime((large, odd)) {}
  }

  @Test func `a secret that is not required may be missing`() {
    let (value, env) = read([:], isRequired: false)
    #expect(value == nil)
    #expect(env.problems.isEmpty)
    #expect(env.secrets.isEmpty)
  }

  @Test func `a secret that is wrong is still a secret`() {
    var env = Environment(["KEY": "hunter2"])
    let value: Int? = env.secret("KEY", form: "f", isRequired: true, help: "") { _ in .failure("is odd") }
    #expect(value == nil)
    #expect(env.secrets == ["hunter2"])
    #expect(env.problems == [SettingProblem(name: "KEY", message: "is odd")])
  }

  @Test func `a setting that holds no secret is not read from a file`() throws {
    let file = try File("5".utf8)
    var env = Environment(["N_FILE": file.path])
    #expect(env.int("N", default: 1, in: 0...9, help: "") == 1)
    withExtendedLifetime(file) {}
  }
}
