import Synchronization

/// A function type this process has called.
// @unchecked: immutable after `init`.
final class FunctionEntry: @unchecked Sendable {
  /// What stands for it in frames, once declared on a connection.
  let number: Int
  /// The frame that declares it.
  let declaration: UnsafeRawBufferPointer
  /// Whether a value of it has no content, so that nothing of it needs to travel but the fact.
  let isEmpty: Atomic<Bool>

  fileprivate init(number: Int, name: String) {
    self.number = number
    isEmpty = Atomic(false)
    let writer = FrameWriter()
    writer.beginFrame(.declare, id: UInt64(number))
    var name = name
    name.withUTF8 { writer.write(bytes: UnsafeRawBufferPointer($0)) }
    writer.patch(UInt32(writer.count), at: 0)
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: writer.count, alignment: 8)
    writer.withUnsafeBytes { copy.copyMemory(from: $0) }
    declaration = UnsafeRawBufferPointer(copy)
  }

  deinit { declaration.deallocate() }
}

/// The names of functions: which number a type has here, and which type a name from elsewhere means.
final class FunctionRegistry: Sendable {
  private struct State {
    var entries: [ObjectIdentifier: FunctionEntry] = [:]
    var last: (type: ObjectIdentifier, entry: FunctionEntry)?
    var targets: [String: CallTarget] = [:]
  }
  private let state = Mutex(State())

  /// The entry of a function type.
  ///
  /// - Throws: `ClusterError` `.privateFunction` for a type that other processes could not find.
  func entry<F: RemoteFunction>(of type: F.Type) throws(ClusterError) -> FunctionEntry {
    let key = ObjectIdentifier(type)
    let found = state.withLock { state -> FunctionEntry? in
      // Most programs call one function many times.
      if let last = state.last, last.type == key { return last.entry }
      guard let entry = state.entries[key] else { return nil }
      state.last = (key, entry)
      return entry
    }
    if let found { return found }
    let name = try Self.name(of: type)
    return state.withLock { state in
      if let entry = state.entries[key] { return entry }
      let entry = FunctionEntry(number: state.entries.count, name: name)
      state.entries[key] = entry
      return entry
    }
  }

  private static func name<F: RemoteFunction>(of type: F.Type) throws(ClusterError) -> String {
    if let name = _mangledTypeName(type), let found = _typeByName(name),
      ObjectIdentifier(found) == ObjectIdentifier(type)
    {
      return name
    }
    throw ClusterError(
      .privateFunction,
      "\(type) cannot be called in another process: it is private, fileprivate or local, "
        + "so the process cannot find it by name. Declare it at file level, or in another type, as internal or public")
  }

  /// What to run for a function that a peer calls by its mangled type name.
  func target(named name: String) -> CallTarget {
    if let target = state.withLock({ $0.targets[name] }) { return target }
    let target: CallTarget =
      if let type = _typeByName(name) as? any RemoteFunction.Type { makeTarget(type) } else {
        UnknownTarget(name: name)
      }
    return state.withLock { state in
      // Two connections may ask at once; there is one target for a name, which is kept for good.
      if let first = state.targets[name] { return first }
      state.targets[name] = target
      return target
    }
  }

  private func makeTarget<F: RemoteFunction>(_ type: F.Type) -> CallTarget { TypedTarget<F>() }
}
