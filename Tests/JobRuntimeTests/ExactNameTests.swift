import JobRuntime
import Testing

@Suite struct ExactNameTests {
  @Test func `names of other bytes are two, although they look the same`() {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    #expect(composed == decomposed, "as a String has it")
    #expect(ExactName(composed) != ExactName(decomposed))
    #expect(Set([composed, decomposed, composed].map(ExactName.init)).count == 2)
    #expect(ExactName("a \(composed)").hasSuffix(composed) && !ExactName("a \(composed)").hasSuffix(decomposed))
  }
}
