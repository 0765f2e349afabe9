/// A text as one word of a shell, whatever stands in it: in single quotes, as POSIX has it.
package func quoted(_ text: String) -> String { "'" + text.replacing("'", with: #"'\''"#) + "'" }

/// The same, without quotes where nothing in it means anything to a shell: for commands that people read and copy.
package func shellWord(_ text: String) -> String {
  let isPlain = text.unicodeScalars.allSatisfy { scalar in
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
      || "._/:,-".unicodeScalars.contains(scalar)
  }
  return isPlain && !text.isEmpty && text.first != "-" ? text : quoted(text)
}
