import Muster

enum RemoteFunctions: Page {
  static func run() async throws {
    try await addprocs(2)
    try await calls()
    try await shapes()
    try await errors()
    try await concurrency()
    try await generics()
    try await elsewhere()
  }

  // MARK: A function is a type

  struct Scale: RemoteFunction {
    let factor: Double

    func callAsFunction(_ x: Double) -> Double { factor * x }
  }

  static func calls() async throws {
    let y = try await remotecallFetch(Scale(factor: 3), on: 2, 14)
    try expect(y == 42, "\(y)")
    try await fourWays()
  }

  static func fourWays() async throws {
    let value = try await remotecallFetch(Scale(factor: 3), on: 2, 14)  // waits for the value
    let future = try await remotecall(Scale(factor: 3), on: 2, 14)  // goes on at once
    let done = try await remotecallWait(Scale(factor: 3), on: 3, 14)  // waits, and leaves the value there
    try await remoteDo(Log(), on: 3, "half way")  // nothing comes back, not even an error

    let values = [value, try await future.fetch(), try await done.fetch()]
    try expect(values == [42, 42, 42], "\(values)")
  }

  // MARK: The four protocols

  struct Log: RemoteProcedure {
    func callAsFunction(_ line: String) { print(line) }
  }

  struct Add: RemoteThunk {
    let a: Int
    let b: Int

    func callAsFunction() -> Int { a + b }
  }

  struct PrepareScratch: RemoteAction {
    let directory: String

    func callAsFunction() async throws {
      // …
    }
  }

  static func shapes() async throws {
    let sum = try await remotecallFetch(Add(a: 2, b: 3), on: 2)
    let same = try await fetch(Add(a: 2, b: 3))  // on some worker
    try await everywhere(PrepareScratch(directory: "/tmp"))  // on all processes
    try expect(sum == 5 && same == 5, "\(sum) \(same)")
  }

  // MARK: Errors

  struct TooHot: Error, Codable, CustomStringConvertible {
    let kelvin: Double
    var description: String { "\(kelvin) K is too hot" }
  }

  struct Measure: RemoteFunction {
    func callAsFunction(_ kelvin: Double) throws -> Double {
      guard kelvin < 1000 else { throw TooHot(kelvin: kelvin) }
      return kelvin / 2
    }
  }

  static func errors() async throws {
    var temperature: Double?
    do {
      _ = try await remotecallFetch(Measure(), on: 2, 1200)
    } catch let error as RemoteError {
      print("process \(error.pid) threw \(error.typeName): \(error.message)")
      if let original = error.underlying as? TooHot { temperature = original.kelvin }
    } catch let error as ProcessExitedError {
      print("process \(error.pid) has gone: \(error.reason)")
    }
    try expect(temperature == 1200, "\(temperature as Any)")
  }

  // MARK: Many calls at once

  static func concurrency() async throws {
    async let left = remotecallFetch(Scale(factor: 2), on: 2, 1)
    async let right = remotecallFetch(Scale(factor: 2), on: 3, 2)
    let both = try await left + right

    let background = Task.onCluster {
      try await remotecallFetch(Scale(factor: 2), on: 2, 3)
    }
    try expect(both == 6, "\(both)")
    let third = try await background.value
    try expect(third == 6, "\(third)")
  }

  // MARK: Functions made of functions

  struct Twice<F: RemoteFunction>: RemoteFunction where F.Input == F.Output {
    let function: F

    func callAsFunction(_ x: F.Input) async throws -> F.Output {
      try await function(try await function(x))
    }
  }

  static func generics() async throws {
    let y = try await remotecallFetch(Twice(function: Scale(factor: 3)), on: 2, 1)
    try expect(y == 9, "\(y)")
  }

  // MARK: Calls from a worker

  struct AskNeighbour: RemoteThunk {
    let neighbour: ProcessID

    func callAsFunction() async throws -> Double {
      try await remotecallFetch(Scale(factor: 10), on: neighbour, 7)
    }
  }

  static func elsewhere() async throws {
    let y = try await remotecallFetch(AskNeighbour(neighbour: 3), on: 2)
    try expect(y == 70, "\(y)")
  }
}
