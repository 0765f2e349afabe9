import JobRuntime
import Testing

@testable import OutboxDelivery

/// Which addresses anybody may reach, and what is kept of what somebody outside says.
@Suite struct OutsideTests {
  @Test(
    arguments: [
      ([8, 8, 8, 8], true), ([127, 0, 0, 1], false), ([10, 1, 2, 3], false), ([169, 254, 169, 254], false),
      ([100, 100, 100, 200], false), ([168, 63, 129, 16], false), ([168, 63, 129, 17], true),
      ([255, 255, 255, 255], false),
    ] as [([UInt8], Bool)])
  func `addresses of version 4`(bytes: [UInt8], isPublic: Bool) {
    #expect(PublicAddress.contains(v4: bytes) == isPublic)
    // The same inside of one of version 6: mapped, translated, 6to4.
    #expect(PublicAddress.contains(v6: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] + bytes) == isPublic)
    #expect(PublicAddress.contains(v6: [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] + bytes) == isPublic)
    #expect(PublicAddress.contains(v6: [0x20, 0x02] + bytes + Array(repeating: 0, count: 10)) == isPublic)
  }

  @Test(
    arguments: [
      ([0x2A, 0x00, 0x14, 0x50], true), ([0x20, 0x01, 0x48, 0x60], true), ([0x20, 0x01, 0, 0], false),
      ([0x20, 0x01, 0, 0x2F], false), ([0x20, 0x01, 0, 2], false), ([0x20, 0x01, 0x0D, 0xB8], false),
      ([0xFD, 0x00, 0x0E, 0xC2], false), ([0xFE, 0x80, 0, 0], false), ([0, 0, 0, 0], false),
      ([0x3F, 0xFF, 0, 0], false),
    ] as [([UInt8], Bool)])
  func `addresses of version 6`(start: [UInt8], isPublic: Bool) {
    #expect(PublicAddress.contains(v6: start + Array(repeating: 0, count: 11) + [1]) == isPublic)
  }

  @Test(arguments: [
    ("5.1.1 <ADA@Example.ORG>: unknown", "5.1.1 <(address)>: unknown"), ("no ada here", "no (recipient) here"),
    ("to \"a b\"@example.org;eve@x.example", "to \"a b\"(address);(address)"), ("a\u{0}b\u{1B}[2J\r\nc", "a b [2J c"),
    ("adam", "adam"), ("", ""),
  ])
  func `what a relay says is kept without addresses`(said: String, kept: String) {
    #expect(ForeignText.shown(said, hiding: "ada@example.org") == kept)
    #expect(ForeignText.shown(String(repeating: "long ", count: 1000)).count <= 500)
  }

  @Test func `what an endpoint answers goes no further than the message's row`() {
    var reply = WebReply(status: 500)
    reply.body = Array("{\"email\": \"ada@example.org\", \"code\": \"4711\"}".utf8)
    let verdict = Verdict(reply, wasStopped: false)
    #expect(verdict.text.contains("4711") && verdict.reason == "it answered 500")
  }
}
