import Muster

func feed(_ jobs: RemoteChannel<Int>) async throws {
  for job in 1...100 { try await jobs.put(job) }  // waits while 32 lie there
  try await jobs.close()  // ends the loops of the workers, once all jobs are taken
}

enum ReferencesAndChannels: Page {
  static func run() async throws {
    try await addprocs(2)
    try await futures()
    try await promises()
    try await farm()
    try await customChannel()
  }

  // MARK: Futures

  struct MakeTable: RemoteFunction {
    func callAsFunction(_ count: Int) -> [Double] { (0..<count).map(Double.init) }
  }

  struct SumOf: RemoteThunk {
    let table: Future<[Double]>

    func callAsFunction() async throws -> Double {
      try await table.fetch().reduce(0, +)
    }
  }

  static func futures() async throws {
    let table = try await remotecall(MakeTable(), on: 2, 1_000_000)  // 8 MB that stay on worker 2
    try await table.wait()  // it is there; nothing was sent
    let sum = try await remotecallFetch(SumOf(table: table), on: 3)  // goes from worker 2 to worker 3
    try expect(sum == 499_999_500_000, "\(sum)")
  }

  struct Announce: RemoteAction {
    let answer: Future<Int>

    func callAsFunction() async throws { try await answer.put(42) }
  }

  static func promises() async throws {
    let answer = Future<Int>()  // has no value yet
    try await remoteDo(Announce(answer: answer), on: 2)
    let value = try await answer.fetch()  // waits until somebody has put one
    try expect(value == 42, "\(value)")
  }

  // MARK: Channels

  struct Work: RemoteAction {
    let jobs: RemoteChannel<Int>
    let results: RemoteChannel<Int>

    func callAsFunction() async throws {
      for try await job in jobs { try await results.put(job * job) }
    }
  }

  static func farm() async throws {
    let jobs = RemoteChannel<Int>(capacity: 32)
    let results = RemoteChannel<Int>(capacity: 32)
    for pid in workers() { try await remoteDo(Work(jobs: jobs, results: results), on: pid) }
    async let feeding: Void = feed(jobs)

    var sum = 0
    for _ in 1...100 { sum += try await results.take() }
    try await feeding
    try expect(sum == 338_350, "\(sum)")
  }

  // MARK: A channel of one's own

  actor Latest: AbstractChannel {
    private var value: Double?
    private(set) var isOpen = true

    var isEmpty: Bool { value == nil }
    func isReady() -> Bool { value != nil }
    func put(_ element: Double) { value = element }
    func fetch() throws -> Double { try value ?? nothing() }
    func take() throws -> Double {
      defer { value = nil }
      return try fetch()
    }
    func wait() throws { _ = try fetch() }
    func close() { isOpen = false }

    private func nothing() throws -> Double {
      throw ClusterError(.channelClosed, "nothing has been measured yet")
    }
  }

  struct MakeLatest: ChannelFactory {
    func makeChannel() -> any AbstractChannel<Double> { Latest() }
  }

  static func customChannel() async throws {
    let temperature = RemoteChannel(on: 2, MakeLatest())
    try await temperature.put(293)
    try await temperature.put(294)
    let latest = try await temperature.fetch()
    try expect(latest == 294, "\(latest)")
  }
}
