import Events
import Testing

/// What a run concludes from what a broker sends and says.
@Suite struct TopicReadingTests {
  @Test(arguments: ["17", "17 after 1795969237467", "0"])
  func `a position reads as it was written`(text: String) { #expect(TopicPosition(text)?.description == text) }

  @Test(arguments: ["", "x", "-1", "17 after", "17 before 3", "17 after x"])
  func `anything else is no position`(text: String) { #expect(TopicPosition(text) == nil) }

  @Test func `the message before the position is read once more, and is not new`() {
    var reading = TopicReading(TopicPosition(next: 10, previous: 7), in: 0..<12)
    #expect(reading.begin == 9)
    #expect(reading.take(offset: 9, timestamp: 7) == .known)
    #expect(reading.take(offset: 10, timestamp: 8) == .new)
    #expect(reading.position == TopicPosition(next: 11, previous: 8))
    #expect(reading.behind == 1)
  }

  @Test func `another time of that message is another topic`() {
    var reading = TopicReading(TopicPosition(next: 10, previous: 7), in: 0..<12)
    #expect(reading.take(offset: 9, timestamp: 8) == .ofAnotherTopic)
  }

  @Test func `a message that has left the topic, or was compacted, is no reason to begin again`() {
    var gone = TopicReading(TopicPosition(next: 10, previous: 7), in: 10..<12)
    #expect(gone.begin == 10)
    gone.noteEnd(at: 12)
    #expect(!gone.isBeyondEnd)
    var compacted = TopicReading(TopicPosition(next: 10, previous: 7), in: 0..<12)
    #expect(compacted.take(offset: 11, timestamp: 9) == .new)
    compacted.noteEnd(at: 12)
    #expect(!compacted.isBeyondEnd)
  }

  @Test func `a position beyond the end is one only if the message before it does not come`() {
    var short = TopicReading(TopicPosition(next: 10, previous: 7), in: 0..<4)
    #expect(short.begin == 4)
    short.noteEnd(at: 4)
    #expect(short.isBeyondEnd)
    // Tansu names the first offset of its last batch, and never says that it has come to its end.
    var tansu = TopicReading(TopicPosition(next: 10, previous: 7), in: 0..<4)
    for offset in Int64(4)..<9 { #expect(tansu.take(offset: offset, timestamp: offset) == .known) }
    #expect(tansu.take(offset: 9, timestamp: 7) == .known)
    #expect(tansu.end == nil)
    tansu.noteAnswer(4)
    #expect(tansu.end == 4 && !tansu.isBeyondEnd && tansu.behind == 0)
  }

  @Test func `an end that messages follow is none`() {
    var reading = TopicReading(TopicPosition(next: 3), in: 0..<3)
    reading.noteEnd(at: 3)
    #expect(reading.take(offset: 3, timestamp: 1) == .new)
    #expect(reading.end == nil)
    // A leader that names an end beyond what was taken has more.
    reading.noteAnswer(9)
    #expect(reading.end == nil && reading.behind == 5)
  }
}
