import Testing

@testable import Muster

/// More than the Engine reads of one connection before it looks after others, in whole buffers or in small pieces.
@Test(arguments: [Int.max, 5_000])
func `what a transport without a descriptor tells of once is read to its end`(most: Int) async throws {
  let transport = BurstTransport(most: most)
  let pair = try ClusterPair(over: transport.ends)
  defer { pair.stop() }
  let (count, text) = (400, String(repeating: "burst ", count: 1_500))
  let answers = Counter()
  await pair.run {
    await withTaskGroup { group in
      for _ in 0..<count {
        group.addTask {
          if (try? await remotecallFetch(Echo<String>(), on: 2, text)) == text { answers.increment() }
        }
      }
      await eventually("all answers are written") { transport.held >= count * text.utf8.count }
      transport.release()
      await eventually("all answers are received", within: .seconds(10)) { answers.value == count }
      group.cancelAll()
    }
  }
}
