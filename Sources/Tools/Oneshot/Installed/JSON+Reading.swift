import JSONReading
import JobRuntime

extension JSON {
  /// What was read, to be written.
  init(_ value: JSONValue) {
    self =
      switch value {
      case .null: .null
      case .bool(let value): .bool(value)
      case .number(let text): Int64(text).map { .integer($0) } ?? .string(text)
      case .string(let text): .string(text)
      case .list(let values): .array(values.map { JSON($0) })
      case .object(let members): JSON(members: members.map { ($0.name, JSON($0.value)) })
      }
  }
}
