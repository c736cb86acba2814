import Testing

@testable import Muster

@Test func `delays grow by the factor, up to the longest, as many as asked for`() {
  let delays = ExponentialBackoff(n: 6, firstDelay: .milliseconds(10), maxDelay: .seconds(1), factor: 4, jitter: 0)
  #expect(Array(delays) == [10, 40, 160, 640, 1_000, 1_000].map { .milliseconds($0) })
  #expect(Array(delays) == Array(delays))
  #expect(Array(ExponentialBackoff(n: 0)).isEmpty && Array(ExponentialBackoff(n: -1)).isEmpty)
  #expect(Array(ExponentialBackoff()).count == 1)
  #expect(
    Array(ExponentialBackoff(n: 2, firstDelay: .seconds(5), maxDelay: .seconds(1))) == [.seconds(1), .seconds(1)])
}

@Test func `jitter lengthens delays within its bounds, and never beyond the longest`() {
  let delays = ExponentialBackoff(
    n: 100, firstDelay: .milliseconds(1), maxDelay: .seconds(1_000), factor: 1, jitter: 0.5)
  let list = Array(delays)
  for (delay, next) in zip(list, list.dropFirst()) where next < .seconds(1_000) {
    #expect(next >= delay && next <= delay * 1.5000001)
  }
  #expect(Set(list).count > 20)
  #expect(list.allSatisfy { $0 <= .seconds(1_000) })
}

@Test func `a body is tried until it succeeds or the delays are over`() async throws {
  for (failures, succeeds) in [(0, true), (2, true), (3, true), (4, false)] {
    let attempts = Counter()
    do {
      let value = try await retry(delays: Array(repeating: .zero, count: 3)) {
        let attempt = attempts.increment()
        if attempt <= failures { throw Complaint(text: "\(attempt)") }
        return attempt
      }
      #expect(succeeds && value == failures + 1)
    } catch let error as Complaint {
      #expect(!succeeds && error.text == "4")
    }
    #expect(attempts.value == min(failures, 3) + 1)
  }
}

@Test func `an error that is not worth it is thrown at once`() async throws {
  let attempts = Counter()
  let isWorthIt: @Sendable (any Error) -> Bool = { ($0 as? Complaint)?.text == "1" }
  await #expect(throws: Complaint(text: "2")) {
    try await retry(delays: Array(repeating: .zero, count: 9), check: isWorthIt) {
      throw Complaint(text: "\(attempts.increment())")
    }
  }
  #expect(attempts.value == 2)
}

@Test func `cancelling ends the waiting between attempts`() async throws {
  let attempts = Counter()
  let task = Task {
    try await retry(delays: [.seconds(3_600)]) {
      attempts.increment()
      throw Complaint(text: "x")
    }
  }
  await eventually("it was not tried") { attempts.value == 1 }
  task.cancel()
  await #expect(throws: CancellationError.self) { try await task.value }
  #expect(attempts.value == 1)
}
