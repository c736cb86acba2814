import Glibc
import Muster
import Testing

struct Foobar: Error, Codable, Hashable, CustomStringConvertible {
  var number = 42
  var description: String { "foobar \(number)" }
}

/// Cannot travel itself.
struct NotCodable: Error, CustomStringConvertible {
  let closure: @Sendable () -> Void = {}
  var description: String { "not codable" }
}

/// Can be encoded, but not decoded.
struct Undecodable: Error, Codable, CustomStringConvertible {
  init() {}
  init(from decoder: any Decoder) throws {
    throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "this never decodes"))
  }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode("something")
  }
  var description: String { "the original says this" }
}

/// An error that cannot even be encoded.
struct Unencodable: Error, Codable, CustomStringConvertible {
  init() {}
  init(from decoder: any Decoder) throws {}
  func encode(to encoder: any Encoder) throws {
    throw EncodingError.invalidValue(1, .init(codingPath: [], debugDescription: "this never encodes"))
  }
  var description: String { "the unencodable one" }
}

struct ThrowFoobar: RemoteThunk {
  func callAsFunction() throws -> Int { try Self.throwingFunction(7) }

  @inline(never)
  static func throwingFunction(_ number: Int) throws -> Int { throw Foobar(number: number) }
}

struct ThrowOther: RemoteThunk {
  enum Kind: String, Codable { case notCodable, undecodable, unencodable, cancelled }
  let kind: Kind

  func callAsFunction() async throws -> Int {
    switch kind {
    case .notCodable: throw NotCodable()
    case .undecodable: throw Undecodable()
    case .unencodable: throw Unencodable()
    case .cancelled: throw CancellationError()
    }
  }
}

/// Lets another worker throw.
struct ThrowThere: RemoteFunction {
  func callAsFunction(_ pid: ProcessID) async throws -> Int { try await remotecallFetch(ThrowFoobar(), on: pid) }
}

/// Throws after it has been suspended, on whichever thread.
struct ThrowLater: RemoteThunk {
  func callAsFunction() async throws -> Int {
    try await Task.sleep(for: .milliseconds(1))
    return try ThrowFoobar.throwingFunction(8)
  }
}

extension ClusterTests {
  @Suite struct Errors {
    @Test func anErrorArrivesWithItsTypeMessageAndValue() async throws {
      try await withWorkers(1) { (pids) async throws in
        for pid in [pids[0], 1] {
          let errors = [
            await thrown(RemoteError.self) { try await remotecallFetch(ThrowFoobar(), on: pid) },
            await thrown(RemoteError.self) { try await remotecallWait(ThrowFoobar(), on: pid) },
            await thrown(RemoteError.self) { try await remotecall(ThrowFoobar(), on: pid).fetch() },
            await thrown(RemoteError.self) { try await remotecallFetch(ThrowFoobar(), on: WorkerPool([pid])) },
          ]
          for error in errors {
            #expect(error?.pid == pid)
            #expect(error?.typeName == "ClusterTests.Foobar")
            #expect(error?.message == "foobar 7")
            #expect(error?.underlying as? Foobar == Foobar(number: 7))
            #expect(error?.description.contains("foobar 7") == true)
          }
        }
      }
    }

    @Test func waitingForAFailedCallThrowsItsError() async throws {
      try await withWorkers(1) { (pids) async throws in
        for pid in [pids[0], 1] {
          let future = try await remotecall(ThrowFoobar(), on: pid)
          let error = await thrown(RemoteError.self) { try await future.wait() }
          #expect(error?.message == "foobar 7")
        }
      }
    }

    @Test func theBacktraceBeginsWithTheFunctionThatThrew() async throws {
      try await withWorkers(1) { (pids) async throws in
        for _ in 0..<3 {
          let error = await thrown(RemoteError.self) { try await remotecallFetch(ThrowFoobar(), on: pids[0]) }
          let frames = (error?.backtrace ?? "").split(separator: "\n")
          #expect(frames.count > 1)
          #expect(frames.first?.contains("throwingFunction") == true, "\(error?.backtrace ?? "")")
          let later = await thrown(RemoteError.self) { try await remotecallFetch(ThrowLater(), on: pids[0]) }
          #expect(
            later?.backtrace.split(separator: "\n").first?.contains("throwingFunction") == true,
            "\(later?.backtrace ?? "")")
        }
      }
    }

    @Test func anErrorThatIsNotCodableArrivesAsItsDescription() async throws {
      try await withWorkers(1) { (pids) async throws in
        let error = await thrown(RemoteError.self) {
          try await remotecallFetch(ThrowOther(kind: .notCodable), on: pids[0])
        }
        #expect(error?.typeName == "ClusterTests.NotCodable")
        #expect(error?.message == "not codable")
        #expect(error?.underlying == nil)
      }
    }

    @Test func anErrorThatCannotBeDecodedArrivesWithTheReason() async throws {
      try await withWorkers(1) { (pids) async throws in
        let error = await thrown(RemoteError.self) {
          try await remotecallFetch(ThrowOther(kind: .undecodable), on: pids[0])
        }
        #expect(error?.typeName == "ClusterTests.Undecodable")
        #expect(error?.message == "the original says this")
        let both = error?.underlying as? CompositeError
        #expect(both?.errors.count == 2)
        #expect((both?.errors.first as? RemoteError)?.message == "the original says this")
        let reason = both?.errors.last.map { "\($0)" } ?? ""
        #expect(reason.contains("this never decodes"))
        #expect(try await remotecallFetch(Square(), on: pids[0], 3) == 9)
      }
    }

    @Test func anErrorThatCannotBeEncodedArrivesAsItsDescription() async throws {
      try await withWorkers(1) { (pids) async throws in
        let error = await thrown(RemoteError.self) {
          try await remotecallFetch(ThrowOther(kind: .unencodable), on: pids[0])
        }
        #expect(error?.typeName == "ClusterTests.Unencodable")
        #expect(error?.message == "the unencodable one")
        let later = await thrown(RemoteError.self) {
          try await remotecall(ThrowOther(kind: .unencodable), on: pids[0]).fetch()
        }
        #expect(later?.message == "the unencodable one")
        #expect(try await remotecallFetch(Square(), on: pids[0], 3) == 9)
      }
    }

    /// Nobody has cancelled anything: it is an error like any other.
    @Test func aCancellationErrorThatTheFunctionThrowsItselfIsNoInterrupt() async throws {
      try await withWorkers(1) { (pids) async throws in
        let error = await thrown(RemoteError.self) {
          try await remotecallFetch(ThrowOther(kind: .cancelled), on: pids[0])
        }
        #expect(error?.typeName == "Swift.CancellationError")
        #expect(error?.underlying as? ClusterError == nil)
      }
    }

    @Test func anErrorThatPassesThroughAWorkerKeepsWhereItCameFrom() async throws {
      try await withWorkers(2) { (pids) async throws in
        let error = await thrown(RemoteError.self) { try await remotecallFetch(ThrowThere(), on: pids[0], pids[1]) }
        #expect(error?.typeName == "ClusterTests.Foobar")
        #expect(error?.message == "foobar 7")
        #expect(error?.underlying as? Foobar == Foobar(number: 7))
        #expect(error?.backtrace.contains("throwingFunction") == true)
        #expect(error?.backtrace.contains("received by process \(pids[0])") == true)
      }
    }

    /// Where it was thrown, not where it passed through.
    @Test func anErrorThatPassesThroughAWorkerNamesTheProcessThatThrewIt() async throws {
      try await withWorkers(2) { (pids) async throws in
        let error = await thrown(RemoteError.self) { try await remotecallFetch(ThrowThere(), on: pids[0], pids[1]) }
        #expect(error?.pid == pids[1])
      }
    }

    @Test func theErrorOfARemoteDoIsPrintedByTheWorker() async throws {
      let program = try RunningProgram(["remoteDoError"])
      await eventually("the worker reports it") { program.errors.contains("nobody waits for this") }
      let line = program.errors.split(separator: "\n").first { $0.contains("nobody waits for this") }
      #expect(line?.hasPrefix("From worker 2:") == true, "\(program.errors)")
      // And no success is.
      #expect(!program.errors.contains("Quiet"))
      kill(program.pid, SIGKILL)
      await program.expectNothingLeft()
    }

    @Test func manyErrorsAtOnceReachTheirOwnCallers() async throws {
      try await withWorkers(2) { (pids) async throws in
        await withTaskGroup(of: Void.self) { group in
          for index in 0..<200 {
            group.addTask {
              let error = await thrown(RemoteError.self) {
                try await remotecallFetch(ThrowNumber(), on: pids[index % 2], index)
              }
              #expect(error?.underlying as? Foobar == Foobar(number: index))
            }
          }
        }
      }
    }
  }
}

struct ThrowNumber: RemoteFunction {
  func callAsFunction(_ number: Int) async throws -> Int { throw Foobar(number: number) }
}
