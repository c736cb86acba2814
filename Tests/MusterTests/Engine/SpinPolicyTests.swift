import Testing

@testable import Muster

/// The number of waits that are skipped before the next spin.
private func skips(_ policy: inout SpinPolicy) -> Int {
  var count = 0
  while !policy.shouldSpin() { count += 1 }
  return count
}

@Test func `after two spins in vain ever more waits are skipped, up to 64`() {
  var policy = SpinPolicy()
  #expect(skips(&policy) == 0)
  policy.spun(successfully: false)
  #expect(skips(&policy) == 0)
  var seen: [Int] = []
  for _ in 0..<7 {
    policy.spun(successfully: false)
    seen.append(skips(&policy))
  }
  #expect(seen == [4, 8, 16, 32, 64, 64, 64])
}

@Test func `one success lets every wait spin again`() {
  var policy = SpinPolicy()
  for _ in 0..<5 {
    policy.spun(successfully: false)
    _ = skips(&policy)
  }
  policy.spun(successfully: true)
  #expect(skips(&policy) == 0)
  policy.spun(successfully: false)
  #expect(skips(&policy) == 0)
  policy.spun(successfully: false)
  #expect(skips(&policy) == 4)
}
