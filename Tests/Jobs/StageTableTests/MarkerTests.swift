import Postgres
import TestSupport
import Testing

@testable import StageTable

/// Nothing is written without the end marker.
@Suite(.timeLimit(.minutes(10))) struct MarkerTests {
  private static let stream = "1\tlike\t2.50\t2025-11-07\n2\ta\\\\b\\nc\t\\N\t\\N\n"

  @Test func `a producer that ends after any number of bytes changes nothing`() async throws {
    let loading = try await Loading()
    try await loading.place.execute("insert into tallies values (9, 'old', 1, null)")
    let stream = Array((Self.stream + "\\.\n").utf8)
    for length in 0..<stream.count {
      let run = try await loading.load(Array(stream[..<length]))
      #expect(run.exitCode == 69 && run.output.contains("the producer did not finish"), "\(length): \(run.output)")
      #expect(try await loading.rows() == ["(9,old,1.00,)"], "\(length)")
    }
    let run = try await loading.load(stream)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(run.count("rows") == 2 && run.count("inserted") == 2 && run.count("deleted") == 1, "\(run.output)")
    #expect(run.count("bytes") == stream.count)
    #expect(try await loading.place.value("select kind from tallies where post_id = 2") == "a\\b\nc")
  }

  @Test func `a producer that fails behind its last row writes no marker`() async throws {
    let loading = try await Loading()
    let run = try await loading.pipeline(#"{ printf '1\ta\t1\t2025-11-07\n' && false && echo '\.'; } | stage-table"#)
    #expect(run.exitCode == 69 && run.output.contains("without the line"), "\(run.output)")
    #expect(try await loading.rows() == [])
  }

  @Test func `nothing on stdin says so`() async throws {
    let run = try await Loading().load("")
    #expect(run.exitCode == 69 && run.output.contains("nothing came on stdin"), "\(run.output)")
  }

  @Test(arguments: [
    ("1\ta\t1\t2025-11-07\n\\.\n2\tb\t1\t2025-11-07\n", "more data follow the line"),
    ("1\ta\t1\t2025-11-07\n\\.\n\\.\n", "more data follow the line"),
    ("1\ta\\.\n2\tb\t1\t2025-11-07\n\\.\n", "holds \\\\. between other characters"),
    ("1\ta\t1\t2025-11-07\n\\.x\n\\.\n", "holds \\\\. between other characters"),
  ])
  func `a marker that is not where the stream ends is refused`(stream: String, complaint: String) async throws {
    let loading = try await Loading()
    let run = try await loading.load(stream)
    #expect(run.exitCode == 78 && run.output.contains(complaint), "\(run.output)")
    #expect(try await loading.rows() == [])
  }

  @Test func `in csv a marker inside of quotes is data, and so is one with more on its line`() async throws {
    let loading = try await Loading(["STAGE_FORMAT": "csv"])
    let value = "x\n\\.\ny \"z\""
    let run = try await loading.load("1,\"x\n\\.\ny \"\"z\"\"\",1,\n2,\"\\.\",,\n\\.\n")
    #expect(run.exitCode == 0 && run.count("rows") == 2, "\(run.output)\(run.errors)")
    #expect(try await loading.place.value("select kind from tallies where post_id = 1") == value)
    #expect(try await loading.place.value("select kind from tallies where post_id = 2") == "\\.")
    let open = try await loading.load("1,\"x\n\\.\n")
    #expect(open.exitCode == 69 && open.output.contains("inside of quotes"), "\(open.output)")
  }

  @Test func `line ends of other systems and a byte order mark are no part of the rows`() async throws {
    let loading = try await Loading(["STAGE_FORMAT": "csv"])
    let run = try await loading.load("\u{FEFF}1,a,1,2025-11-07\r\n2,b,,\r\n\\.\r\n")
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try await loading.rows() == ["(1,a,1.00,2025-11-07)", "(2,b,,)"])
    // The shell's echo writes its own line end.
    let mixed = try await loading.load("#columns post_id,kind,seen,day\r\n1,a,1,2025-11-07\r\n\\.\n")
    #expect(mixed.exitCode == 0 && mixed.count("deleted") == 1 && mixed.count("unchanged") == 1, "\(mixed.output)")
  }

  @Test func `the names of the columns are compared`() async throws {
    let loading = try await Loading()
    let rows = "1\ta\t1\t2025-11-07\n\\.\n"
    let good = try await loading.load("#columns post_id,kind,seen,day\n" + rows)
    #expect(good.exitCode == 0, "\(good.output)")
    let bad = try await loading.load("#columns post_id,seen,kind,day\n" + rows)
    #expect(bad.exitCode == 78 && bad.output.contains("columns are post_id,seen,kind,day"), "\(bad.output)")
    let csv = ["STAGE_FORMAT": "csv", "STAGE_FIRST_LINE": "names"]
    let header = try await loading.load("post_id,\"kind\",seen,day\n1,a,1,2025-11-07\n\\.\n", csv)
    #expect(header.exitCode == 0 && header.count("unchanged") == 1, "\(header.output)")
    let other = try await loading.load("id,kind,seen,day\n1,a,1,2025-11-07\n\\.\n", csv)
    #expect(other.exitCode == 78, "\(other.output)")
    let skipped = try await loading.load(
      "_id,a.b,c,d\n1,a,1,2025-11-07\n\\.\n", ["STAGE_FORMAT": "csv", "STAGE_FIRST_LINE": "skip"])
    #expect(skipped.exitCode == 0 && skipped.count("unchanged") == 1, "\(skipped.output)")
    // A name may hold a line end.
    let broken = try await loading.load(
      "_id,\"a\nb\",c,d\n1,a,1,2025-11-07\n2,b,x,\n\\.\n", ["STAGE_FORMAT": "csv", "STAGE_FIRST_LINE": "skip"])
    #expect(broken.output.contains("line 4, column seen"), "\(broken.output)")
  }

  /// Whatever pieces a stream comes in, the same bytes are its rows.
  @Test(arguments: ["1\ta\\\\\n\\N\tb\\\n\n\\.\n", "1\tx\r\n\\N\ty\r\n\\.\r\n"])
  func `pieces of any size make the same rows`(stream: String) throws {
    let bytes = Array(stream.utf8)
    let marker = stream.hasSuffix("\r\n") ? 4 : 3
    for size in 1...bytes.count {
      var end = EndMarker(.text)
      var rows: [UInt8] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        rows += try end.rows(in: Array(bytes[start..<min(start + size, bytes.count)]))
      }
      #expect(end.isSeen && rows == Array(bytes.dropLast(marker)), "\(size)")
    }
  }
}
