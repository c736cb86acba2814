import Glibc
import Muster
import Synchronization

// Functions that tests call in other processes. They have to be internal and at file level to be found by name.

struct Square: RemoteFunction {
  func callAsFunction(_ x: Int) -> Int { x * x }
}

/// The number of the process that runs it.
struct WhoAmI: RemoteThunk {
  func callAsFunction() -> ProcessID { myid() }
}

/// Returns what it gets, of whatever type.
struct Echo<Value: Codable & Sendable>: RemoteFunction {
  func callAsFunction(_ value: Value) -> Value { value }
}

/// Gives way before it returns what it gets.
struct SuspendingEcho: RemoteFunction {
  func callAsFunction(_ value: Int) async -> Int {
    await Task.yield()
    return value
  }
}

struct Complaint: Error, Codable, Equatable {
  var text: String
}

/// Throws an error that can travel.
struct Complain: RemoteFunction {
  var text = "foobar"
  func callAsFunction(_ x: Int) throws -> Int { throw Complaint(text: "\(text) \(x)") }
}

/// An error that cannot travel.
struct Untold: Error, CustomStringConvertible {
  var description: String { "cannot be sent" }
}

struct ThrowUntold: RemoteThunk {
  func callAsFunction() throws -> Int { throw Untold() }
}

/// Decodes as something else than it encodes.
struct Undecodable: Codable, Sendable, Equatable {
  init() {}
  init(from decoder: any Decoder) throws { throw Complaint(text: "will not be decoded") }
  func encode(to encoder: any Encoder) throws { try 1.encode(to: encoder) }
}

/// Cannot be encoded.
struct Unencodable: Codable, Sendable {
  init() {}
  init(from decoder: any Decoder) throws {}
  func encode(to encoder: any Encoder) throws { throw Complaint(text: "will not be encoded") }
}

struct ReturnUndecodable: RemoteThunk {
  func callAsFunction() -> Undecodable { Undecodable() }
}

struct ReturnUnencodable: RemoteThunk {
  func callAsFunction() -> Unencodable { Unencodable() }
}

/// Writes down, in this process, what was done in which order: the clusters of a test share its memory.
struct Note: RemoteProcedure {
  typealias Input = String
  let log: Int
  func callAsFunction(_ text: String) { NoteBook.shared.append(text, to: log) }
}

final class NoteBook: Sendable {
  static let shared = NoteBook()
  private let logs = Mutex<[Int: [String]]>([:])

  /// An empty log.
  func newLog() -> Int {
    logs.withLock { logs in
      logs[logs.count] = []
      return logs.count - 1
    }
  }

  func append(_ text: String, to log: Int) { logs.withLock { $0[log, default: []].append(text) } }
  func entries(of log: Int) -> [String] { logs.withLock { $0[log] ?? [] } }
}
