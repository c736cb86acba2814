import Testing

@testable import Muster

@Test func `values leave in the order in which they came, those that had to wait included`() throws {
  var bench = QueueBench(capacity: 2)
  for number in 1...4 { try bench.begin(.put(number), "put\(number)") }
  #expect(bench.told.isEmpty)
  #expect(try bench.begin(.fetch, "fetch") as? Int == 1)
  for number in 1...4 { #expect(try bench.begin(.take, "take") as? Int == number) }
  #expect(bench.told == ["put3 true", "put4 true"] && !bench.queue.isReady)
}

@Test func `without a buffer a value goes from one who puts to one who takes`() throws {
  var bench = QueueBench(capacity: 0)
  try bench.begin(.put(1), "a")
  #expect(bench.queue.isReady)
  #expect(try bench.begin(.fetch, "f") as? Int == 1)
  #expect(try bench.begin(.take, "t") as? Int == 1)
  #expect(bench.told == ["a true"] && !bench.queue.isReady)
  try bench.begin(.take, "t1")
  try bench.begin(.take, "t2")
  #expect(try bench.begin(.put(2), "b") != nil)
  #expect(bench.told == ["a true", "t1 2"])
}

@Test func `those who fetch see the value that the first taker gets`() throws {
  for capacity in [0, 1] {
    var bench = QueueBench(capacity: capacity)
    try bench.begin(.fetch, "f1")
    try bench.begin(.take, "t")
    try bench.begin(.fetch, "f2")
    try bench.begin(.put(7), "p")
    #expect(bench.told == ["f1 7", "f2 7", "t 7"])
  }
}

@Test func `what is handed out and not wanted goes back to the front, in order`() throws {
  var bench = QueueBench(capacity: 10)
  for number in 1...5 { try bench.begin(.put(number), "p") }
  for number in 1...4 { try bench.begin(.take, "t", for: receipt(2, UInt64(number))) }
  bench.change { $0.acknowledge(receipt(2, 2), &$1) }
  bench.change { $0.lose(2, &$1) }
  #expect(bench.queue.handedOutCount == 0)
  for number in [1, 3, 4, 5] { #expect(try bench.begin(.take, "t") as? Int == number) }
}

@Test func `a value that comes back goes to the next who waits`() throws {
  var bench = QueueBench(capacity: 0)
  try bench.begin(.take, "two", for: receipt(2, 1))
  try bench.begin(.take, "three", for: receipt(3, 1))
  try bench.begin(.take, "one")
  try bench.begin(.put(9), "p")
  bench.change { $0.lose(2, &$1) }
  bench.change { $0.cancel(receipt(3, 1), &$1) }
  #expect(bench.told == ["two 9", "three 9", "one 9"])
  bench.change { $0.cancel(receipt(3, 1), &$1) }
  bench.change { $0.acknowledge(receipt(2, 1), &$1) }
  #expect(!bench.queue.isReady)
}

@Test func `a process that is lost waits no more`() throws {
  var bench = QueueBench(capacity: 0)
  try bench.begin(.put(1), "lost", for: receipt(2, 1))
  try bench.begin(.put(2), "kept", for: receipt(3, 1))
  bench.change { $0.lose(2, &$1) }
  #expect(try bench.begin(.take, "t") as? Int == 2)
  #expect(bench.told == ["lost cancelled", "kept true"])
}

@Test func `a closed channel gives what it has and takes no more`() throws {
  var bench = QueueBench(capacity: 1)
  try bench.begin(.put(1), "a")
  try bench.begin(.put(2), "b")
  bench.change { $0.close(&$1) }
  #expect(bench.told == ["b channelClosed"])
  #expect(throws: ClusterError.self) { try bench.begin(.put(3), "c") }
  #expect(try bench.begin(.take, "t") as? Int == 1)
  #expect(throws: ClusterError.self) { try bench.begin(.take, "t") }
  #expect(throws: ClusterError.self) { try bench.begin(.fetch, "f") }
}

@Test func `a closed channel is over once nothing can come back`() throws {
  var bench = QueueBench(capacity: 2)
  try bench.begin(.put(1), "a")
  try bench.begin(.put(2), "b")
  try bench.begin(.take, "t", for: receipt(2, 1))
  try bench.begin(.take, "t", for: receipt(3, 1))
  bench.change { $0.close(&$1) }
  try bench.begin(.take, "next")
  try bench.begin(.fetch, "look")
  bench.change { $0.acknowledge(receipt(2, 1), &$1) }
  #expect(bench.told.isEmpty)
  bench.change { $0.lose(3, &$1) }
  #expect(bench.told == ["look 2", "next 2"])
  #expect(throws: ClusterError.self) { try bench.begin(.take, "t") }
}

@Test func `everything that is put is taken once, in the order of each who puts, whatever is cancelled and lost`()
  throws
{
  for seed in 0..<300 {
    var generator = SplitMix64(seed: UInt64(seed))
    var bench = QueueBench(capacity: Int.random(in: 0...3, using: &generator))
    var (taken, out, next) = ([Int](), [(Receipt, Int)](), 0)
    for step in 0..<200 {
      switch Int.random(in: 0..<5, using: &generator) {
      case 0, 1:
        try bench.begin(.put(next), "put\(next)")
        next += 1
      case 2:
        if bench.queue.isReady, let value = try bench.begin(.take, "-") as? Int { taken.append(value) }
      case 3:
        let receipt = Receipt(process: ProcessID(Int.random(in: 2...3, using: &generator)), number: UInt64(step))
        if bench.queue.isReady, let value = try bench.begin(.take, "-", for: receipt) as? Int {
          out.append((receipt, value))
        }
      default:
        guard let index = out.indices.randomElement(using: &generator) else { continue }
        let (receipt, value) = out.remove(at: index)
        if Bool.random(using: &generator) {
          bench.change { $0.acknowledge(receipt, &$1) }
          taken.append(value)
        } else {
          bench.change { $0.cancel(receipt, &$1) }
        }
      }
    }
    for process in 2...3 { bench.change { $0.lose(ProcessID(process), &$1) } }
    var rest: [Int] = []
    while bench.queue.isReady { rest.append(try bench.begin(.take, "-") as! Int) }
    #expect((taken + rest).sorted() == Array(0..<next), "seed \(seed)")
  }
}

@Test func `who leaves a queue of waiters leaves the others in their order`() {
  for seed in 0..<50 {
    var generator = SplitMix64(seed: UInt64(seed))
    var queue = WaitQueue<UInt64>()
    var model: [UInt64] = []
    for number in 1...500 as ClosedRange<UInt64> {
      queue.append(number, number: number)
      model.append(number)
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        if Bool.random(using: &generator) {
          #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
        } else {
          let leaver = UInt64.random(in: 1...number, using: &generator)
          #expect(queue.remove(leaver) == (model.contains(leaver) ? leaver : nil))
          model.removeAll { $0 == leaver }
        }
        #expect(queue.first == model.first && queue.isEmpty == model.isEmpty)
      }
    }
    #expect(queue.removeAll { $0.isMultiple(of: 2) } == model.filter { $0.isMultiple(of: 2) })
    for number in model where !number.isMultiple(of: 2) { #expect(queue.popFirst() == number) }
    #expect(queue.isEmpty)
  }
}

@Test func `who got a number first and waits second can leave all the same`() {
  var queue = WaitQueue<String>()
  queue.append("b", number: 6)
  queue.append("a", number: 5)
  queue.append("c", number: 7)
  #expect(queue.remove(5) == "a")
  #expect(queue.first == "b")
  #expect(queue.remove(6) == "b")
  #expect(queue.remove(7) == "c")
  #expect(queue.isEmpty)
}

@Test func `without a buffer those who came during a loan find each other when it ends`() throws {
  var bench = QueueBench(capacity: 0)
  // Two values come back and are lent together.
  for number in 1...2 { try bench.begin(.take, "gone", for: receipt(2, UInt64(number))) }
  for number in 1...2 { try bench.begin(.put(number), "p") }
  bench.change { $0.lose(2, &$1) }
  bench.told = []
  let lent = try bench.lend(2, to: receipt(3, 1))
  #expect(lent == [1, 2])
  try bench.begin(.take, "t")
  try bench.begin(.put(3), "p3")
  bench.change { $0.acknowledge(receipt(3, 1), count: 2, &$1) }
  #expect(bench.told.sorted() == ["p3 true", "t 3"] && !bench.queue.isReady)
}
