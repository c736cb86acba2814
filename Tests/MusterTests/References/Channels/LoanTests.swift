import Synchronization
import Testing

@testable import Muster

@Test func `what is lent takes room, and the room is free as soon as it is taken`() throws {
  var bench = QueueBench(capacity: 3)
  for number in 1...5 { try bench.begin(.put(number), "put\(number)") }
  #expect(try bench.lend(10, to: receipt(2, 1)) == [1, 2, 3])
  #expect(bench.told.isEmpty)
  bench.change { $0.acknowledge(receipt(2, 1), count: 1, &$1) }
  #expect(bench.told == ["put4 true"])
  bench.change { $0.acknowledge(receipt(2, 1), count: 3, &$1) }
  #expect(bench.told == ["put4 true", "put5 true"] && bench.queue.handedOutCount == 0)
  for number in 4...5 { #expect(try bench.begin(.take, "t") as? Int == number) }
}

@Test func `who wants a value while some are lent gets the next when the rest is back`() throws {
  var bench = QueueBench(capacity: 5)
  for number in 1...5 { try bench.begin(.put(number), "p") }
  #expect(try bench.lend(4, to: receipt(2, 1)) == [1, 2, 3, 4])
  #expect(bench.recalls.isEmpty)
  try bench.begin(.take, "take", for: receipt(3, 1))
  try bench.begin(.fetch, "fetch")
  try bench.begin(.look, "look")
  #expect(bench.recalls == [receipt(2, 1)])
  #expect(try bench.lend(4, to: receipt(3, 2)) == nil)
  bench.change { $0.acknowledge(receipt(2, 1), count: 1, &$1) }
  #expect(bench.told.isEmpty)
  bench.change { $0.cancel(receipt(2, 1), &$1) }
  #expect(bench.told == ["look true", "fetch 2", "take 2"])
  for number in 3...5 { #expect(try bench.begin(.take, "t") as? Int == number) }
}

@Test func `a borrower that is lost gives back all that it has not taken, behind what it was handed before`() throws {
  var bench = QueueBench(capacity: 10)
  for number in 1...6 { try bench.begin(.put(number), "p") }
  try bench.begin(.take, "t", for: receipt(2, 1))
  #expect(try bench.lend(4, to: receipt(2, 2)) == [2, 3, 4, 5])
  bench.change { $0.acknowledge(receipt(2, 2), count: 2, &$1) }
  bench.change { $0.lose(2, &$1) }
  for number in [1, 4, 5, 6] { #expect(try bench.begin(.take, "t") as? Int == number) }
}

@Test func `a value that comes back while younger ones are lent is the next`() throws {
  var bench = QueueBench(capacity: 10)
  for number in 1...4 { try bench.begin(.put(number), "p") }
  try bench.begin(.take, "t", for: receipt(3, 1))
  #expect(try bench.lend(2, to: receipt(2, 1)) == [2, 3])
  bench.change { $0.cancel(receipt(3, 1), &$1) }
  #expect(bench.recalls == [receipt(2, 1)])
  bench.change { $0.cancel(receipt(2, 1), &$1) }
  for number in 1...4 { #expect(try bench.begin(.take, "t") as? Int == number) }
}

@Test func `a closed channel is not over while something is lent`() throws {
  var bench = QueueBench(capacity: 2)
  for number in 1...2 { try bench.begin(.put(number), "p") }
  #expect(try bench.lend(2, to: receipt(2, 1)) == [1, 2])
  bench.change { $0.close(&$1) }
  try bench.begin(.take, "waits")
  bench.change { $0.acknowledge(receipt(2, 1), count: 1, &$1) }
  #expect(bench.told.isEmpty)
  bench.change { $0.acknowledge(receipt(2, 1), count: 2, &$1) }
  #expect(bench.told == ["waits channelClosed"])
  // Of a loan that is over nothing comes back, whatever a peer says.
  bench.change { $0.cancel(receipt(2, 1), &$1) }
  bench.change { $0.acknowledge(receipt(2, 1), count: 1, &$1) }
  #expect(!bench.queue.isReady)
}

@Test func `without a buffer nothing is lent, and nothing to two at a time`() throws {
  var empty = QueueBench(capacity: 0)
  for number in 1...3 { try empty.begin(.put(number), "put\(number)") }
  #expect(try empty.lend(3, to: receipt(2, 1)) == [1])
  #expect(empty.told == ["put1 true"])
  var bench = QueueBench(capacity: 5)
  for number in 1...4 { try bench.begin(.put(number), "p") }
  #expect(try bench.lend(2, to: receipt(2, 1)) == [1, 2])
  #expect(try bench.lend(2, to: receipt(3, 1)) == nil)
  #expect(bench.recalls == [receipt(2, 1)])
}

@Test func `with loans, too, values are taken in the order in which they were put, by whomever`() throws {
  for seed in 0..<300 {
    var generator = SplitMix64(seed: UInt64(seed))
    var bench = QueueBench(capacity: Int.random(in: 1...8, using: &generator))
    var (taken, lent, lentTaken, loan, next, number) = ([Int](), [Int](), 0, receipt(2, 0), 0, UInt64(0))
    for _ in 0..<300 {
      switch Int.random(in: 0..<8, using: &generator) {
      case 0, 1, 2:
        try bench.begin(.put(next), "put\(next)")
        next += 1
      case 3 where bench.queue.isReady && lent.isEmpty:
        taken.append(try #require(try bench.begin(.take, "-") as? Int))
      case 4 where bench.queue.isReady && lent.isEmpty:
        number += 1
        loan = receipt(2, number)
        let values = try #require(try bench.lend(Int.random(in: 2...5, using: &generator), to: loan))
        if values.count > 1 {
          (lent, lentTaken) = (values, 0)
        } else {
          taken += values
          bench.change { $0.acknowledge(loan, count: 1, &$1) }
        }
      case 5, 6:
        guard !lent.isEmpty else { continue }
        taken.append(lent.removeFirst())
        lentTaken += 1
        bench.change { $0.acknowledge(loan, count: lentTaken, &$1) }
      case 7:
        // Who wants one while some are lent is told when the rest is back.
        guard !lent.isEmpty else { continue }
        let before = bench.told.count
        try bench.begin(.take, "late")
        #expect(bench.told.count == before)
        bench.change { Bool.random(using: &generator) ? $0.cancel(loan, &$1) : $0.lose(2, &$1) }
        taken += bench.told[before...].filter { $0.hasPrefix("late") }.map { Int($0.dropFirst(5))! }
        lent = []
      default: continue
      }
    }
    bench.change { $0.lose(2, &$1) }
    while bench.queue.isReady { taken.append(try #require(try bench.begin(.take, "-") as? Int)) }
    #expect(taken == Array(0..<next), "seed \(seed)")
  }
}

@Test func `a loop has more lent the faster it is, and one value at a time beside others`() {
  var pace = ReadAheadPace()
  var limits: [Int] = []
  for step in 1...10 {
    pace.proceed(now: UInt64(step) * 1_000 + ReadAheadPace.horizon)
    limits.append(pace.limit)
  }
  #expect(limits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 256])
  var now = ReadAheadPace.horizon * 10
  for _ in 0..<20 {
    now += 2 * ReadAheadPace.horizon
    pace.proceed(now: now)
  }
  #expect(pace.limit == 1)
  for _ in 0..<4 { pace.proceed(now: now) }
  #expect(pace.limit == 16)
  var singles: [Int] = []
  for _ in 0..<4 {
    pace.giveWay()
    var count = 0
    repeat {
      pace.proceed(now: now)
      count += 1
    } while pace.limit == 1
    singles.append(count)
  }
  #expect(singles == singles.sorted() && singles[3] > 4 * singles[0])
}

// MARK: - Between processes

private func kept(_ channel: RemoteChannel<Int>, in cluster: Cluster) throws -> BufferedChannel {
  try #require(try cluster.references.channel(channel.id) as? BufferedChannel)
}

@Test func `a loop that ends leaves what it was lent in the channel, in order`() async throws {
  try await withClusters(2) { group async throws in
    let channel = RemoteChannel<Int>(capacity: .max, on: 2)
    for number in 0..<2_000 { try await channel.put(number) }
    let owner = try kept(channel, in: group[2])
    var (next, mostLent) = (0, 0)
    while next < 2_000 {
      let stop = next + 100 + next % 7
      for try await number in channel {
        #expect(number == next)
        next += 1
        mostLent = max(mostLent, owner.handedOutCount)
        if next >= stop || next == 2_000 { break }
      }
      if next < 2_000 {
        #expect(try await channel.take() == next)
        next += 1
      }
    }
    #expect(try await channel.isEmpty)
    #expect(mostLent > 1)
  }
}

@Test func `whoever wants a value while a loop elsewhere rests gets the next`() async throws {
  try await withClusters(3) { group async throws in
    let channel = RemoteChannel<Int>(capacity: .max, on: 2)
    for number in 0..<1_000 { try await channel.put(number) }
    let owner = try kept(channel, in: group[2])
    // The loop of process 1 rests with values lent; others take meanwhile, here, at the owner and elsewhere.
    let loop = channel.makeAsyncIterator()
    var taken: [Int] = []
    while taken.count < 900 {
      repeat { taken.append(try #require(try await loop.next())) } while owner.handedOutCount < 2 && taken.count < 900
      switch taken.count % 4 {
      case 0: taken.append(try await channel.take())
      case 1: taken.append(try await remotecallFetch(TakeOne(), on: 2, channel))
      case 2: taken.append(try await remotecallFetch(TakeOne(), on: 3, channel))
      default: #expect(try await remotecallFetch(FetchOne(), on: 3, channel) == taken.count)
      }
    }
    #expect(taken == Array(0..<taken.count))
    #expect(try await remotecallFetch(CollectRest(), on: 3, channel) == Array(taken.count..<1_000))
  }
}

struct TakeOne: RemoteFunction {
  func callAsFunction(_ channel: RemoteChannel<Int>) async throws -> Int { try await channel.take() }
}

struct FetchOne: RemoteFunction {
  func callAsFunction(_ channel: RemoteChannel<Int>) async throws -> Int { try await channel.fetch() }
}

struct CollectRest: RemoteFunction {
  func callAsFunction(_ channel: RemoteChannel<Int>) async throws -> [Int] {
    var all: [Int] = []
    while try await !channel.isEmpty { all.append(try await channel.take()) }
    return all
  }
}

@Test func `a cancelled loop swallows nothing of what it was lent`() async throws {
  try await withClusters(2) { group async throws in
    let channel = RemoteChannel<Int>(capacity: .max, on: 2)
    for number in 0..<1_000 { try await channel.put(number) }
    let taken = Mutex<[Int]>([])
    while taken.withLock({ $0.count }) < 800 {
      let goal = taken.withLock { $0.count } + 50
      let loop = Task.onCluster {
        for try await number in channel {
          let count = taken.withLock { taken in
            taken.append(number)
            return taken.count
          }
          if count >= goal { await Task.yield() }
        }
      }
      await eventually("the loop takes nothing") { taken.withLock { $0.count } >= min(goal, 1_000) }
      loop.cancel()
      await #expect(throws: CancellationError.self) { try await loop.value }
    }
    let count = taken.withLock { $0.count }
    let rest = try await remotecallFetch(CollectRest(), on: 2, channel)
    #expect(taken.withLock { $0 } + rest == Array(0..<1_000), "after \(count)")
  }
}

@Test func `what was lent to a process that is lost goes to others, and nothing is missing`() async throws {
  for _ in 0..<10 {
    try await withClusters(3) { group async throws in
      takenUntilLost.withLock { $0 = [] }
      let channel = RemoteChannel<Int>(capacity: .max, on: 1)
      for number in 0..<500 { try await channel.put(number) }
      await #expect(throws: (any Error).self) { try await remotecallFetch(LoopUntilLost(after: 140), on: 3, channel) }
      let rest = try await remotecallFetch(CollectRest(), on: 2, channel)
      let taken = takenUntilLost.withLock { $0 }
      #expect(taken == Array(0..<taken.count) && taken.count >= 140)
      // Process 3 may have died with some of what it wanted to say; what it had not taken comes in order.
      #expect(rest == rest.sorted() && Set(rest).count == rest.count)
      #expect(Set(taken + rest) == Set(0..<500))
    }
  }
}

private let takenUntilLost = Mutex<[Int]>([])

/// Loses the connection in the middle of a loop.
struct LoopUntilLost: RemoteFunction {
  let after: Int

  func callAsFunction(_ channel: RemoteChannel<Int>) async throws -> Int {
    for try await number in channel {
      let count = takenUntilLost.withLock { taken in
        taken.append(number)
        return taken.count
      }
      if count == after { Cluster.current.openLink(to: 1)?.lose("the test ended it") }
    }
    return after
  }
}

@Test func `a loop comes to values that cannot be decoded in their turn`() async throws {
  try await withClusters(2) { group async throws in
    let channel = RemoteChannel<Fragile>(capacity: .max, on: 2)
    for number in 0..<200 { try await channel.put(Fragile(number: number, isBroken: number == 150)) }
    var taken: [Int] = []
    let error = await #expect(throws: ClusterError.self) {
      for try await value in channel { taken.append(value.number) }
    }
    #expect(error?.code == .cannotDecode && taken == Array(0..<150))
  }
}

/// Cannot be decoded if it is broken.
struct Fragile: Codable, Sendable {
  let number: Int
  let isBroken: Bool

  init(number: Int, isBroken: Bool) {
    self.number = number
    self.isBroken = isBroken
  }

  private enum CodingKeys: CodingKey { case number, isBroken }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    number = try container.decode(Int.self, forKey: .number)
    isBroken = try container.decode(Bool.self, forKey: .isBroken)
    // The way to the owner is safe.
    if isBroken, Cluster.current.myid == 1 { throw Complaint(text: "broken") }
  }
}
