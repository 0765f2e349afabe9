import Foundation
import TestSupport
import Testing

/// The pictures of docs/diagrams, drawn from the texts beside them.
@Suite(.timeLimit(.minutes(1))) struct DiagramTests {
  private static let folder = "docs/diagrams"

  private static func files(_ kind: String, in folder: String) throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(kind) })
  }

  @Test func `each picture is what its text draws`() async throws {
    let new = try TemporaryFolder()
    let committed = Page.url(Self.folder).path
    let drawing = try await Binary(path: "/usr/bin/python3").run(["\(committed)/draw.py", new.path])
    #expect(drawing.exitCode == 0, "\(drawing.errors)")
    let pictures = try Self.files(".svg", in: committed)
    #expect(try pictures == Self.files(".svg", in: new.path) && pictures.count >= 3)
    for picture in pictures {
      let there = try String(contentsOfFile: "\(committed)/\(picture)", encoding: .utf8)
      let drawn = try String(contentsOfFile: "\(new.path)/\(picture)", encoding: .utf8)
      #expect(there == drawn, "docs/diagrams/draw.py draws \(picture) again")
    }
  }

  @Test func `each picture can be read in the dark, heard, and its text be selected`() throws {
    for picture in try Self.files(".svg", in: Page.url(Self.folder).path) {
      let svg = try Page("\(Self.folder)/\(picture)").text
      #expect(svg.contains("prefers-color-scheme: dark") && svg.contains("<text "), "\(picture)")
      let named = #/aria-labelledby="title about">\n<title id="title">[^<]+<.title>\n<desc id="about">[^<]+</#
      #expect(svg.contains(named), "\(picture)")
    }
  }

  @Test func `each picture is shown, with words for who does not see it`() throws {
    let page = try Page("\(Self.folder)/README.md").text
    for picture in try Self.files(".svg", in: Page.url(Self.folder).path) {
      #expect(page.contains(try Regex(#"\[!\[[^\]]{10,}\]\(\#(picture)\)\]\(\#(picture)\)"#)), "\(picture)")
    }
  }
}
