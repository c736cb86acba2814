import Muster

let tableKey = GlobalKey<[Double]>("table")

enum LoopsAndGlobals: Page {
  static func run() async throws {
    try await callbacks()
    try await addprocs(2)
    try await loops()
    try await ownReducer()
    try await actions()
    try await globals()
    try await lateJoiners()
    try await statuses()
  }

  // MARK: Loops

  struct InverseSquare: RemoteLoopBody {
    func callAsFunction(_ i: Int) -> Double { 1 / (Double(i) * Double(i)) }
  }

  static func loops() async throws {
    let sum = try await distributed(1...1_000_000, reduce: Sum(), InverseSquare())  // π²/6
    let same = try await distributed(
      1...1_000_000, reduce: Sum(), schedule: .dynamic(chunk: 10_000), InverseSquare())
    try expect(abs(sum - same) < 1e-9 && abs(sum - 1.644933) < 1e-6, "\(sum) \(same)")
  }

  struct Extremes: Codable, Sendable {
    var low: Double
    var high: Double
  }

  struct MergeExtremes: RemoteReducer {
    func combine(_ a: Extremes, _ b: Extremes) -> Extremes {
      Extremes(low: min(a.low, b.low), high: max(a.high, b.high))
    }
  }

  struct Sample: RemoteLoopBody {
    func callAsFunction(_ i: Int) -> Extremes {
      let x = Double((i * 7919) % 1009)
      return Extremes(low: x, high: x)
    }
  }

  static func ownReducer() async throws {
    let extremes = try await distributed(0..<1009, reduce: MergeExtremes(), Sample())
    try expect(extremes.low == 0 && extremes.high == 1008, "\(extremes)")
  }

  struct WriteFrame: RemoteLoopAction {
    func callAsFunction(_ i: Int) async throws {
      // …
    }
  }

  static func actions() async throws {
    let parts = try await distributed(0..<240, WriteFrame())  // returns at once
    for part in parts { try await part.wait() }  // throws what went wrong
    try expect(parts.count == 2, "\(parts.count)")
  }

  // MARK: Globals

  struct LookUp: RemoteFunction {
    func callAsFunction(_ index: Int) throws -> Double {
      guard let table = global(tableKey) else { throw NoTable() }
      return table[index]
    }
  }

  struct NoTable: Error {}

  static func globals() async throws {
    try await setGlobal(tableKey, [1, 4, 9], on: workers())
    let value = try await remotecallFetch(LookUp(), on: 2, 2)
    try await clear(tableKey)  // on all workers
    try expect(value == 9, "\(value)")
  }

  // MARK: Workers that come and go

  struct LoadTable: RemoteAction {
    func callAsFunction() async throws { setGlobal(tableKey, [1, 8, 27]) }
  }

  static func lateJoiners() async throws {
    try await everywhere(lateJoiners: true, LoadTable())
    let late = try await addprocs(1)
    let value = try await remotecallFetch(LookUp(), on: late[0], 2)
    try expect(value == 27, "\(value)")
  }

  static func callbacks() async throws {
    try onWorker(.started) { pid in print("worker \(pid) is there") }
    try onWorker(.exited) { pid, state in print("worker \(pid) was \(state)") }
  }

  struct Train: RemoteAction {
    func callAsFunction() async throws {
      for epoch in 1...3 { try await setStatus("epoch \(epoch)") }
    }
  }

  static func statuses() async throws {
    try await everywhere(on: 2, Train())
    let text = try await status(of: 2, as: String.self)  // what muster status shows, too
    try expect(text == "epoch 3", "\(text ?? "nothing")")
  }
}
