import Testing

@testable import MusterTool

@Suite struct OutputOrderTests {
  private func ready(_ order: inout OutputOrder) -> [Int] { order.takeReady().map(\.sequence) }

  @Test func whatFinishesFirstIsPrintedFirst() {
    var order = OutputOrder(keepsOrder: false)
    for sequence in [3, 1] { order.add(FinishedCommand(sequence: sequence)) }
    #expect(ready(&order) == [3, 1])
    #expect(order.isEmpty)
  }

  @Test func inOrderEachWaitsForThoseBeforeIt() {
    var order = OutputOrder(keepsOrder: true)
    order.add(FinishedCommand(sequence: 3))
    order.add(FinishedCommand(sequence: 2))
    #expect(ready(&order) == [])
    order.skip(1)
    #expect(ready(&order) == [2, 3])
    order.add(FinishedCommand(sequence: 6))
    order.finish()
    #expect(ready(&order) == [6])
  }

  @Test func eachLineHasItsTagInWhateverPiecesItComes() {
    let text = "one\ntwo\n\nlast".bytes
    for size in 1...text.count {
      var tagger = LineTagger(arguments: ["a b".bytes, "c".bytes])
      var result = Bytes()
      for start in stride(from: 0, to: text.count, by: size) {
        result += tagger(Bytes(text[start..<min(text.count, start + size)]))
      }
      #expect(result.text == "a b c\tone\na b c\ttwo\na b c\t\na b c\tlast")
    }
  }
}
