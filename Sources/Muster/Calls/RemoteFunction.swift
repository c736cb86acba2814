/// A function that can be run in another process.
///
/// Swift cannot send closures to other processes; Muster sends values that can be called. The stored properties are
/// what a closure would capture. There is nothing to register: the type's mangled name identifies it, and every
/// process of a cluster runs the same executable. Internal and public types work, generic ones too; `private`,
/// `fileprivate` and local types do not, because the runtime cannot find them by name.
///
///     struct Scale: RemoteFunction {
///       var factor: Double
///       func callAsFunction(_ x: Double) -> Double { factor * x }
///     }
///     let y = try await remotecallFetch(Scale(factor: 3), on: 2, 14.0)
public protocol RemoteFunction<Input, Output>: Codable, Sendable {
  associatedtype Input: Codable & Sendable
  associatedtype Output: Codable & Sendable
  func callAsFunction(_ input: Input) async throws -> Output

  /// Runs a received call, and those behind it of the same function. Supplied by Muster; not to be implemented or called.
  static func _serve(_ call: IncomingCall) async

  /// Runs items of a batch until none is left. Likewise.
  static func _drive(_ batch: BatchRun<Self>) async
}

extension RemoteFunction {
  /// Decodes, calls, answers. Inlinable, so that the compiler makes one of it for each function where that conforms: a
  /// generic one would look up at run time, with every call, how large everything is and how it is copied. And a loop,
  /// because every return from an `await` costs a look at the task's executors.
  @inlinable
  public static func _serve(_ call: IncomingCall) async {
    repeat {
      do {
        let function: Self = try call.decode()
        let input: Input = try call.decode()
        try call.finish(try await function(input))
      } catch {
        call.fail(error)
      }
    } while call.hasNext()
  }

  @inlinable
  public static func _drive(_ batch: BatchRun<Self>) async {
    while let position = batch.take() {
      do {
        (batch.values + position).initialize(to: try await batch.function(batch.inputs[position]))
      } catch {
        batch.fail(error, at: position)
      }
    }
  }
}

/// Julia's `nothing`: the value of a function that has none.
public struct Nothing: Codable, Sendable, Hashable {
  @inlinable
  public init() {}
}

/// A remote function without an argument: everything it needs is in its properties.
public protocol RemoteThunk<Output>: RemoteFunction where Input == Nothing {
  associatedtype Input = Nothing
  associatedtype Output
  func callAsFunction() async throws -> Output
}

extension RemoteThunk {
  @inlinable
  public func callAsFunction(_: Nothing) async throws -> Output { try await callAsFunction() }
}

/// A thunk without a result.
public protocol RemoteAction: RemoteThunk where Output == Nothing {
  associatedtype Output = Nothing
  func callAsFunction() async throws
}

extension RemoteAction {
  @inlinable
  public func callAsFunction() async throws -> Nothing {
    let _: Void = try await callAsFunction()
    return Nothing()
  }
}

/// A remote function of one argument without a result.
public protocol RemoteProcedure<Input>: RemoteFunction where Output == Nothing {
  associatedtype Input
  associatedtype Output = Nothing
  func callAsFunction(_ input: Input) async throws
}

extension RemoteProcedure {
  @inlinable
  public func callAsFunction(_ input: Input) async throws -> Nothing {
    let _: Void = try await callAsFunction(input)
    return Nothing()
  }
}
