import TestSupport
import Testing

/// What `oneshot health` writes, whatever stands in the ledger.
@Suite(.timeLimit(.minutes(10))) struct HealthOutputTests {
  @Test(arguments: [["health", "--json"], ["health"]])
  func `no control character and no secret leaves it`(arguments: [String]) async throws {
    let ledger = try await PlantedLedger()
    let secret = "geheim/0123"
    let controls = "\u{1b}[2J\u{7}\u{9b}\u{202e}\r\n\t"
    try await ledger.plant("job", "failed", kind: "internal", message: "\(controls) it was \(secret), geheim%2F0123")
    try await ledger.place.redis("SET", "oneshot:lock:\(controls)\(secret)", "held by \(controls)\(secret)")
    let url = ledger.place.databaseURL + "&password=geheim%2F0123"
    let said = try await ledger.oneshot(arguments, ["DATABASE_URL": url])
    #expect(said.exitCode == 1 && said.output.contains("it was ***, ***"), "\(said.output)\(said.errors)")
    let lines = said.output.split(separator: "\n")
    #expect(arguments.count == 1 || lines.count == 1)
    for line in lines {
      #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }, "\(line)")
      #expect(!line.contains("\u{202e}") && !line.contains("0123"), "\(line)")
    }
    if arguments.count == 2 { #expect(said.result["troubles"].elements.count == 2, "\(said.output)") }
  }
}
