import Logging
import Synchronization
import Testing

@testable import Muster

/// Counts how often it is asked, and passes input on that a test has put there.
private final class AskedTransport: PolledTransport {
  let asked = Counter()
  let delivered = Counter()
  private let input = Mutex(0)

  func put() { input.withLock { $0 += 1 } }

  func poll() -> Bool {
    asked.increment()
    let count = input.withLock { input in
      defer { input = 0 }
      return input
    }
    for _ in 0..<count { delivered.increment() }
    return count > 0
  }
}

@Test func `a transport without descriptors is asked as long as it is there`() async {
  let engine = Engine(logger: Logger(label: "test"))
  defer { engine.stop() }
  let transport = AskedTransport()
  await eventually("the Engine never slept") { engine.isBlocked.load(ordering: .sequentiallyConsistent) }
  engine.add(transport)
  for count in 1...3 {
    transport.put()
    await eventually("nothing was delivered") { transport.delivered.value == count }
  }
  // Jobs run meanwhile, whatever it sleeps.
  let answer = await Task(executorPreference: engine) { 42 }.value
  #expect(answer == 42)
  engine.remove(transport)
  let asked = transport.asked.value
  // The Engine goes on, and passes where it would have asked.
  let after = await Task(executorPreference: engine) { 43 }.value
  #expect(after == 43 && transport.asked.value == asked)
}

@Test func `who waits in vain asks less and less often, but never more than a little late`() {
  #expect(PollingPause.after(waiting: 0) == 0)
  var last: UInt64 = 0
  for exponent in 10..<62 {
    let waiting: UInt64 = 1 << exponent
    let pause = PollingPause.after(waiting: waiting)
    #expect(pause >= last && pause <= waiting / 8 && pause <= PollingPause.longest)
    last = pause
  }
  #expect(last == PollingPause.longest)
}
