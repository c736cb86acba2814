import Synchronization
import Testing

@testable import Muster

enum Mixed: Codable, Sendable, Equatable {
  case number(Int)
  case text(String)
  case array([Double])
}

struct PutAll<Element: Codable & Sendable>: RemoteProcedure {
  typealias Input = RemoteChannel<Element>
  let values: [Element]
  var closes = true

  func callAsFunction(_ channel: RemoteChannel<Element>) async throws {
    for value in values { try await channel.put(value) }
    if closes { try await channel.close() }
  }
}

struct CollectAll<Element: Codable & Sendable>: RemoteFunction {
  func callAsFunction(_ channel: RemoteChannel<Element>) async throws -> [Element] {
    var all: [Element] = []
    for try await value in channel { all.append(value) }
    return all
  }
}

struct PutNumber: RemoteFunction {
  let number: Int
  func callAsFunction(_ channel: RemoteChannel<Int>) async throws -> Nothing {
    try await channel.put(number)
    return Nothing()
  }
}

/// The channel with keys of the documentation: Julia's `DictChannel`.
actor DictionaryChannel: AbstractChannel {
  private var values: [AnyHashable: Int] = [:]
  private(set) var isOpen = true
  var isEmpty: Bool { values.isEmpty }

  func put(_ value: Int, at key: some ChannelKey) throws {
    guard isOpen else { throw ClusterError(.channelClosed, "the dictionary is closed") }
    values[key] = value
  }

  func take(at key: some ChannelKey) throws -> Int {
    let value = try fetch(at: key)
    values[key] = nil
    return value
  }

  func fetch(at key: some ChannelKey) throws -> Int {
    guard let value = values[key] else { throw Complaint(text: "nothing at \(key)") }
    return value
  }

  func isReady(at key: some ChannelKey) -> Bool { values[key] != nil }
  func close() { isOpen = false }

  func put(_ value: Int) throws { throw Complaint(text: "say where") }
  func take() throws -> Int { throw Complaint(text: "say where") }
  func fetch() throws -> Int { throw Complaint(text: "say where") }
  func isReady() throws -> Bool { !values.isEmpty }
  func wait() throws { throw Complaint(text: "say where") }
}

struct DictionaryFactory: ChannelFactory {
  func makeChannel() -> any AbstractChannel<Int> { DictionaryChannel() }
}

private func withChannels(_ body: @Sendable (ClusterGroup) async throws -> Void) async throws {
  try await withClusters(3) { group async throws in try await body(group) }
}

@Test(arguments: [1, 2] as [ProcessID])
func `a buffered channel keeps values of mixed type in order, and fetch does not consume`(
  owner: ProcessID
) async throws {
  try await withChannels { group async throws in
    let channel = RemoteChannel<Mixed>(capacity: 3, on: owner)
    let values: [Mixed] = [.number(1), .text("zwei"), .array([3, 3.5])]
    #expect(try await channel.isOpen)
    #expect(try await !channel.isReady())
    for value in values { try await channel.put(value) }
    #expect(try await channel.isReady())
    for _ in 0..<2 { #expect(try await channel.fetch() == values[0]) }
    // Looking whether it is empty changes nothing.
    for _ in 0..<2 { #expect(try await !channel.isEmpty) }
    try await channel.wait()
    for value in values { #expect(try await channel.take() == value) }
    #expect(try await !channel.isReady())
    #expect(try await channel.isEmpty)
    #expect(try await channel.isOpen)
    #expect(group[owner].references.contains(channel.id))
  }
}

@Test(arguments: [1, 2] as [ProcessID], [0, 1, 5, .max])
func `a closed channel is not open, refuses to be put in, and gives what it has`(
  owner: ProcessID, capacity: Int
) async throws {
  try await withChannels { _ async throws in
    let channel = RemoteChannel<Int>(capacity: capacity, on: owner)
    let count = min(capacity, 4)
    for number in 0..<count { try await channel.put(number) }
    try await channel.close()
    try await channel.close()
    #expect(try await !channel.isOpen)
    await expectCode(.channelClosed) { try await channel.put(9) }
    var all: [Int] = []
    for try await number in channel { all.append(number) }
    #expect(all == Array(0..<count))
    await expectCode(.channelClosed) { _ = try await channel.take() }
    await expectCode(.channelClosed) { _ = try await channel.fetch() }
    await expectCode(.channelClosed) { try await channel.wait() }
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `closing tells those who wait`(owner: ProcessID) async throws {
  try await withChannels { _ async throws in
    let empty = RemoteChannel<Int>(on: owner)
    let full = RemoteChannel<Int>(capacity: 0, on: owner)
    let takes = (0..<3).map { _ in Task.onCluster { try await empty.take() } }
    let fetches = (0..<3).map { _ in Task.onCluster { try await empty.fetch() } }
    let put = Task.onCluster { try await full.put(1) }
    await eventually("the put did not arrive") { (try? await full.isReady()) == true }
    try await empty.close()
    try await full.close()
    for task in takes + fetches { await expectCode(.channelClosed) { _ = try await task.value } }
    await expectCode(.channelClosed) { try await put.value }
  }
}

@Test(arguments: [1, 2, 3] as [ProcessID])
func `ten items pass a channel with room for one, consumed here and produced elsewhere, and the other way`(
  owner: ProcessID
) async throws {
  try await withChannels { _ async throws in
    let items = Array(1...10)
    let here = RemoteChannel<Int>(capacity: 1, on: owner)
    try await remoteDo(PutAll(values: items), on: 2, here)
    var all: [Int] = []
    for try await item in here { all.append(item) }
    #expect(all == items)

    let there = RemoteChannel<Int>(capacity: 1, on: owner)
    let collected = Task.onCluster { try await remotecallFetch(CollectAll<Int>(), on: 2, there) }
    for item in items { try await there.put(item) }
    try await there.close()
    #expect(try await collected.value == items)
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `nil and text and large arrays are values of channels`(owner: ProcessID) async throws {
  try await withChannels { _ async throws in
    let channel = RemoteChannel<Int?>(capacity: 2, on: owner)
    try await channel.put(nil)
    try await channel.put(3)
    #expect(try await channel.fetch() == nil)
    #expect(try await channel.take() == nil)
    #expect(try await channel.take() == 3)
    let arrays = RemoteChannel<[Double]>(capacity: 2, on: owner)
    let numbers = (0..<200_000).map(Double.init)
    try await arrays.put(numbers)
    #expect(try await arrays.take() == numbers)
  }
}

@Test(arguments: [1, 2] as [ProcessID], [0, 1, 100])
func `every value of many tasks of several processes is taken once, those of each in order`(
  owner: ProcessID, capacity: Int
) async throws {
  try await withChannels { _ async throws in
    let channel = RemoteChannel<[Int]>(capacity: capacity, on: owner)
    let producers = (0..<12).map { producer in
      Task.onCluster {
        let values = (0..<40).map { [producer, $0] }
        _ = try await remotecallFetch(
          PutAll(values: values, closes: false), on: ProcessID(producer % 3 + 1), channel)
      }
    }
    let consumers = (0..<6).map { consumer in
      Task.onCluster {
        try await remotecallFetch(CollectAll<[Int]>(), on: ProcessID(consumer % 3 + 1), channel)
      }
    }
    for producer in producers { try await producer.value }
    try await channel.close()
    var all: [[Int]] = []
    for consumer in consumers {
      let values = try await consumer.value
      for producer in 0..<12 {
        let own = values.filter { $0[0] == producer }.map { $0[1] }
        #expect(own == own.sorted())
      }
      all += values
    }
    #expect(Set(all).count == 480 && all.count == 480)
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `a cancelled take swallows nothing`(owner: ProcessID) async throws {
  try await withChannels { _ async throws in
    let channel = RemoteChannel<Int>(capacity: 1, on: owner)
    let count = 200
    let producer = Task.onCluster { for number in 0..<count { try await channel.put(number) } }
    var taken: [Int] = []
    while taken.count < count {
      let take = Task.onCluster { try await channel.take() }
      if taken.count.isMultiple(of: 2) {
        // At any moment: before it is sent, on the way, when the value is on its way back.
        for _ in 0..<(taken.count % 7) { await Task.yield() }
        take.cancel()
      }
      do { taken.append(try await take.value) } catch {
        #expect(error is CancellationError)
        taken.append(try await channel.take())
      }
    }
    try await producer.value
    #expect(taken == Array(0..<count))
    #expect(try await channel.isEmpty)
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `a cancelled put puts nothing, or has put`(owner: ProcessID) async throws {
  try await withChannels { _ async throws in
    let channel = RemoteChannel<Int>(capacity: 1, on: owner)
    try await channel.put(-1)
    let waiting = Task.onCluster { try await channel.put(-2) }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(try await channel.take() == -1)
    #expect(try await channel.isEmpty)
    var accepted: [Int] = []
    let consumer = Task.onCluster {
      var all: [Int] = []
      for try await number in channel { all.append(number) }
      return all
    }
    for number in 0..<200 {
      let put = Task.onCluster { try await channel.put(number) }
      for _ in 0..<(number % 7) { await Task.yield() }
      if number.isMultiple(of: 2) { put.cancel() }
      do {
        try await put.value
        accepted.append(number)
      } catch {
        #expect(error is CancellationError)
      }
    }
    try await channel.close()
    #expect(try await consumer.value == accepted)
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `a cancelled fetch or wait leaves nobody waiting`(owner: ProcessID) async throws {
  try await withChannels { group async throws in
    let channel = RemoteChannel<Int>(on: owner)
    let fetch = Task.onCluster { try await channel.fetch() }
    let wait = Task.onCluster { try await channel.wait() }
    fetch.cancel()
    wait.cancel()
    await #expect(throws: CancellationError.self) { try await fetch.value }
    await #expect(throws: CancellationError.self) { try await wait.value }
    try await channel.put(4)
    #expect(try await channel.take() == 4)
  }
}

@Test func `a value that its taker cannot decode stays for others`() async throws {
  try await withChannels { group async throws in
    let channel = RemoteChannel<Undecodable>(capacity: 2)
    try await channel.put(Undecodable())
    await expectCode(.cannotDecode) { _ = try await remotecallFetch(TakeUndecodable(), on: 2, channel) }
    await eventually("it does not come back") { (try? await channel.isReady()) == true }
    #expect(try await channel.take() == Undecodable())
  }
}

struct TakeUndecodable: RemoteFunction {
  func callAsFunction(_ channel: RemoteChannel<Undecodable>) async throws -> Bool {
    _ = try await channel.take()
    return true
  }
}

struct TakeAndHold: RemoteFunction {
  let hold: Int
  func callAsFunction(_ channel: RemoteChannel<Int>) async throws -> Int {
    let value = try await channel.take()
    Hold.addWaiter(hold)
    return value
  }
}

@Test(arguments: [0, 1, 10])
func `a value on its way to a process that is lost goes to the next taker`(capacity: Int) async throws {
  for _ in 0..<10 {
    try await withChannels { group async throws in
      let channel = RemoteChannel<Int>(capacity: capacity)
      let kept = try channelKept(channel, in: group[1])
      // Process 3 is lost somewhere between asking and saying that it has the value.
      let takers = (0..<3).map { _ in Task.onCluster { try await remotecallFetch(TakeAndHold(hold: 0), on: 3, channel) }
      }
      let putter = Task.onCluster { for number in 0..<20 { try await channel.put(number) } }
      await eventually("nothing was taken") { await (try? kept.ask(.isEmpty)) == false || kept.handedOutCount > 0 }
      group[1].openLink(to: 3)!.lose("the test ended it")
      var delivered: [Int] = []
      for taker in takers { if let value = try? await taker.value { delivered.append(value) } }
      var rest: [Int] = []
      let collected = Task.onCluster { try await remotecallFetch(CollectAll<Int>(), on: 2, channel) }
      try await putter.value
      try await channel.close()
      rest = try await collected.value
      #expect(rest == rest.sorted() && Set(rest).count == rest.count)
      // What 3 had, or said it had, may be missing; nothing else.
      #expect(rest.count >= 20 - takers.count && Set(rest).isDisjoint(with: delivered))
    }
  }
}

private func channelKept(_ channel: RemoteChannel<Int>, in cluster: Cluster) throws -> BufferedChannel {
  try #require(try cluster.references.channel(channel.id) as? BufferedChannel)
}

@Test func `who waits at a channel of a process that is lost hears of it at once`() async throws {
  try await withChannels { group async throws in
    let channel = RemoteChannel<Int>(capacity: 0, on: 3)
    let takes = (0..<3).map { _ in Task.onCluster { try await channel.take() } }
    let wait = Task.onCluster { try await channel.wait() }
    let other = RemoteChannel<Int>(capacity: 0, on: 3)
    let put = Task.onCluster { try await other.put(1) }
    await eventually("the put did not arrive") { (try? await other.isReady()) == true }
    group[1].openLink(to: 3)!.lose("the test ended it")
    for take in takes { await #expect(throws: ProcessExitedError.self) { try await take.value } }
    await #expect(throws: ProcessExitedError.self) { try await wait.value }
    await #expect(throws: ProcessExitedError.self) { try await put.value }
    await #expect(throws: ProcessExitedError.self) { try await channel.put(2) }
    await #expect(throws: ProcessExitedError.self) { try await channel.isOpen }
  }
}

// MARK: - References, types, channels of one's own

@Test func `outside the cluster's messages a channel is written as an empty one, also inside others`() async throws {
  try await withChannels { group async throws in
    for owner in [1, 2] as [ProcessID] {
      let channel = RemoteChannel<Int>(on: owner)
      let empty = try #require(try roundTrip(["a": [channel]])["a"]?.first)
      #expect(empty.owner == 0 && empty.id == RRID(whence: 0, id: 0))
      await expectCode(.invalidArgument) { try await empty.put(1) }
      await expectCode(.invalidArgument) { _ = try await empty.take() }
      await expectCode(.invalidArgument) { _ = try await empty.isOpen }
      await expectCode(.invalidArgument) { try await empty.close() }
      // Sending an empty one on does no harm either.
      #expect(try await remotecallFetch(Echo<RemoteChannel<Int>>(), on: 2, empty).owner == 0)
      try await channel.put(1)
    }
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `a typed channel knows its type and rejects another`(owner: ProcessID) async throws {
  try await withChannels { group async throws in
    let channel = RemoteChannel<Int>(on: owner)
    try await channel.put(6)
    try await group[owner].run {
      let kept = try channelFromID(remoterefID(channel), of: Int.self)
      #expect(try await kept.take() == 6)
      try await kept.put(7)
      #expect(throws: ClusterError.self) { try channelFromID(channel.id, of: String.self) }
      #expect(throws: ClusterError.self) { try channelFromID(RRID(whence: 1, id: 999_999), of: Int.self) }
    }
    let call = ChannelCall(channel.id, group[1].nextReceipt())
    await expectCode(.invalidArgument) {
      _ = try await group[1].call(PutToChannel<String>(call: call), on: owner, "no number")
    }
    await expectCode(.invalidArgument) {
      _ = try await group[1].call(TakeFromChannel<String>(call: call), on: owner, .init())
    }
    #expect(try await channel.take() == 7)
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `a channel with keys of one's own making`(owner: ProcessID) async throws {
  try await withChannels { _ async throws in
    let channel = RemoteChannel<Int>(on: owner, DictionaryFactory())
    #expect(try await channel.isEmpty)
    try await channel.put(10, at: "a")
    try await channel.put(20, at: 2)
    #expect(try await channel.isReady(at: "a"))
    #expect(try await !channel.isReady(at: "b"))
    #expect(try await channel.fetch(at: "a") == 10)
    #expect(try await channel.take(at: "a") == 10)
    #expect(try await !channel.isReady(at: "a"))
    #expect(try await channel.isReady())
    #expect(try await channel.take(at: 2) == 20)
    await #expect(throws: (any Error).self) { try await channel.take(at: "a") }
    await #expect(throws: (any Error).self) { try await channel.take() }
    #expect(try await channel.isOpen)
    try await channel.close()
    #expect(try await !channel.isOpen)
    await expectCode(.channelClosed) { try await channel.put(1, at: "a") }
    let plain = RemoteChannel<Int>(on: owner)
    await expectCode(.invalidArgument) { try await plain.put(1, at: "a") }
    await expectCode(.invalidArgument) { _ = try await plain.take(at: "a") }
    await expectCode(.invalidArgument) { _ = try await plain.fetch(at: "a") }
    await expectCode(.invalidArgument) { _ = try await plain.isReady(at: "a") }
  }
}

@Test func `a value taken from a channel of one's own for a process that is lost is put back`() async throws {
  try await withChannels { group async throws in
    let channel = RemoteChannel<Int>(on: 1, DictionaryFactory())
    try await channel.put(5, at: "x")
    let kept = try group[1].references.channel(channel.id)
    // As if 3 had asked for it and been lost on the way.
    #expect(try await kept.take(at: "x", for: Receipt(process: 3, number: 1)) as? Int == 5)
    #expect(try await !channel.isReady(at: "x"))
    kept.lost(3)
    await eventually("it is not put back") { (try? await channel.isReady(at: "x")) == true }
    #expect(try await kept.take(at: "x", for: Receipt(process: 2, number: 1)) as? Int == 5)
    kept.acknowledge(Receipt(process: 2, number: 1))
    kept.lost(2)
    #expect(try await channel.isEmpty)
  }
}

/// A channel implementation that needs another channel.
struct CopyingFactory: ChannelFactory {
  let copies: RemoteChannel<Int>

  func makeChannel() -> any AbstractChannel<Int> { CopyingChannel(copies: copies) }
}

actor CopyingChannel: AbstractChannel {
  let copies: RemoteChannel<Int>
  private var values: [Int] = []
  private(set) var isOpen = true
  var isEmpty: Bool { values.isEmpty }

  init(copies: RemoteChannel<Int>) { self.copies = copies }

  func put(_ value: Int) async throws {
    values.append(value)
    try await copies.put(value)
  }
  func take() throws -> Int { values.removeFirst() }
  func fetch() throws -> Int { values[0] }
  func isReady() -> Bool { !values.isEmpty }
  func wait() {}
  func close() { isOpen = false }
}

/// Makes a channel of process `owner` that copies what is put into it, and one for the copies.
struct MakeCopying: RemoteFunction {
  func callAsFunction(_ owner: ProcessID) -> [RemoteChannel<Int>] {
    let copies = RemoteChannel<Int>(capacity: 5, on: owner)
    return [RemoteChannel(on: owner, CopyingFactory(copies: copies)), copies]
  }
}

@Test(arguments: [Topology.allToAll, .masterWorker], [1, 2] as [ProcessID])
func `a channel implementation may hold references itself`(topology: Topology, maker: ProcessID) async throws {
  // With masterWorker process 1 passes on what the second has to say to the third.
  let routes: [(ProcessID, ProcessID)] = topology == .allToAll ? [(1, 2), (1, 3), (2, 3)] : [(1, 2), (1, 3)]
  try await withClusters(3, routes: routes) { group async throws in
    for cluster in group.clusters { cluster.members.withLock { $0.topology = topology } }
    let channels = try await remotecallFetch(MakeCopying(), on: maker, 3)
    try await channels[0].put(7)
    #expect(try await channels[1].take() == 7)
  }
}

private struct HiddenFactory: ChannelFactory {
  func makeChannel() -> any AbstractChannel<Int> { DictionaryChannel() }
}

@Test func `a factory that no other process could find is refused`() async throws {
  try await withChannels { _ async throws in
    let channel = RemoteChannel<Int>(on: 2, HiddenFactory())
    await expectCode(.privateFunction) { try await channel.put(1, at: 1) }
    let here = RemoteChannel<Int>(on: 1, HiddenFactory())
    try await here.put(1, at: 1)
  }
}
