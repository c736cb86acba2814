import Testing

@testable import Muster

@Test(
  arguments: [
    ("150000 100000\n", 1.5), ("100000 100000", 1), ("50000 100000\n", 0.5), ("max 100000\n", nil), ("", nil),
    ("max", nil), ("1 2 3", nil),
    ("1 0", nil), ("1 -5", nil), ("x 100000", nil),
  ] as [(String, Double?)])
func `a quota is the CPUs' worth of time that a control group grants`(text: String, expected: Double?) {
  #expect(UsableCores.quota(text) == expected)
}

@Test func `quotas round down, the tightest counts, and one core is always there`() {
  #expect(UsableCores.limit(8, byQuotas: []) == 8)
  #expect(UsableCores.limit(8, byQuotas: [16]) == 8)
  #expect(UsableCores.limit(8, byQuotas: [3.9, 5]) == 3)
  #expect(UsableCores.limit(8, byQuotas: [5, 2, 4]) == 2)
  #expect(UsableCores.limit(8, byQuotas: [0.3]) == 1 && UsableCores.limit(1, byQuotas: [1.99]) == 1)
}

@Test func `hardware threads of one core count once`() {
  let siblings = { (cpu: Int) -> String? in "\(cpu % 4),\(cpu % 4 + 4)\n" }
  #expect(UsableCores.coreCount(of: Array(0..<8), siblings: siblings) == 4)
  #expect(UsableCores.coreCount(of: [0, 4], siblings: siblings) == 1)
  #expect(UsableCores.coreCount(of: [0, 5], siblings: siblings) == 2)
}

@Test func `cores with different numbers of threads, and unknown ones, are counted as what they are`() {
  // Two cores with two threads, four with one, two of which nothing is known.
  let known = [0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3", 4: "4", 5: "5", 6: "6", 7: "7"]
  #expect(UsableCores.coreCount(of: Array(0..<10), siblings: { known[$0] }) == 8)
  #expect(UsableCores.coreCount(of: [1, 3, 9], siblings: { known[$0] }) == 3)
  #expect(UsableCores.coreCount(of: [], siblings: { _ in nil }) == 1)
  #expect(UsableCores.coreCount(of: [0, 1], siblings: { _ in "" }) == 2)
}

@Test func `this machine has a core, and no more than it allows CPUs`() {
  let allowed = UsableCores.allowedCPUs()
  #expect(!allowed.isEmpty && Set(allowed).count == allowed.count)
  #expect((1...allowed.count).contains(UsableCores.count()))
}
