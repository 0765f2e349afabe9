/// A text as one word of a shell, whatever it contains: in single quotes, by POSIX rules.
package func quoted(_ text: String) -> String { "'" + text.replacing("'", with: #"'\''"#) + "'" }

/// The same, without quotes where it has no characters that are special to a shell: for commands that people read and
/// copy.
package func shellWord(_ text: String) -> String {
  let isPlain = text.unicodeScalars.allSatisfy { scalar in
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
      || "._/:,-".unicodeScalars.contains(scalar)
  }
  return isPlain && !text.isEmpty && text.first != "-" ? text : quoted(text)
}
