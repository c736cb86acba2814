import Synchronization

/// The name and type of a value that a process keeps between calls, as a global variable of Julia's.
///
///     let table = GlobalKey<[Double]>("table")
///
///     struct Look: RemoteFunction {
///       func callAsFunction(_ index: Int) throws -> Double? { global(table)?[index] }
///     }
///
///     try await setGlobal(table, values, on: workers())
///     let value = try await remotecallFetch(Look(), on: 2, 17)
///
/// Every process has its own values. There is one under a name; setting it by a key of another type replaces it.
public struct GlobalKey<Value: Sendable>: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The name; two keys of the same name mean the same value.
  public let name: String

  public init(_ name: String) { self.name = name }

  public var description: String { "\(name): \(Value.self)" }
}

/// The value that this process keeps under a key; `nil` if there is none, or one of another type.
public func global<Value: Sendable>(_ key: GlobalKey<Value>) -> Value? {
  Cluster.current.globals.withLock { $0[key.name] } as? Value
}

/// Keeps a value in this process, until it is replaced or cleared.
public func setGlobal<Value: Sendable>(_ key: GlobalKey<Value>, _ value: Value) {
  let old = Cluster.current.globals.withLock { $0.updateValue(value, forKey: key.name) }
  // Outside of the lock: its `deinit` is the user's.
  withExtendedLifetime(old) {}
}

/// Keeps a value in each of several processes, until it is replaced or cleared there.
///
/// - Throws: as `everywhere`.
public func setGlobal<Value: Codable & Sendable>(
  _ key: GlobalKey<Value>, _ value: Value, on pids: [ProcessID]
) async throws {
  try await everywhere(on: pids, SetGlobal(key: key, value: value))
}

/// Keeps a value in another process, until it is replaced or cleared there.
///
/// - Throws: as `remotecallFetch`.
public func setGlobal<Value: Codable & Sendable>(
  _ key: GlobalKey<Value>, _ value: Value, on pid: ProcessID
) async throws {
  try await everywhere(on: pid, SetGlobal(key: key, value: value))
}

/// Forgets the values under some keys: Julia's `clear!`. That there is none is no error.
///
/// - Parameters:
///   - keys: which.
///   - pids: where; on all workers if none are named.
/// - Throws: as `everywhere`.
public func clear<each Value: Sendable>(
  _ keys: repeat GlobalKey<each Value>, on pids: [ProcessID] = workers()
) async throws {
  var names: [String] = []
  for key in repeat each keys { names.append(key.name) }
  try await everywhere(on: pids, ClearGlobals(names: names))
}

/// Forgets the values under some keys in one process.
public func clear<each Value: Sendable>(_ keys: repeat GlobalKey<each Value>, on pid: ProcessID) async throws {
  try await clear(repeat each keys, on: [pid])
}

struct SetGlobal<Value: Codable & Sendable>: RemoteAction, InternalFunction {
  let key: GlobalKey<Value>
  let value: Value

  func callAsFunction() { setGlobal(key, value) }
}

struct ClearGlobals: RemoteAction, InternalFunction {
  let names: [String]

  func callAsFunction() {
    let old = Cluster.current.globals.withLock { globals in names.map { globals.removeValue(forKey: $0) } }
    withExtendedLifetime(old) {}
  }
}
