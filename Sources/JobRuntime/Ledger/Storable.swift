package import Postgres

extension String {
  /// The text as a value that every database stores.
  package var storable: DescriptiveText { DescriptiveText(self) }

  /// A name without NUL and of bounded length, such that no two names become the same.
  ///
  /// In a name with a NUL, NUL becomes `\0` and `\` is doubled. Of a longer name, its length and digest replace the
  /// part that is cut off.
  var storableName: String {
    guard utf8.count <= LetterSize.item else {
      var whole = self
      let digest = whole.withUTF8 { FNV1a.digest(UnsafeRawBufferPointer($0)) }
      return
        "\(shortened(to: LetterSize.item - 100).storableName) (\(utf8.count) bytes, digest \(String(digest, radix: 16)))"
    }
    guard utf8.contains(0) else { return self }
    return unicodeScalars.reduce(into: "") { $0 += $1 == "\0" ? "\\0" : $1 == "\\" ? "\\\\" : String($1) }
  }
}

extension JSON {
  /// The text for a `jsonb` column.
  var storableText: DescriptiveText { mapStrings(\.withoutNUL).text.storable }
}
