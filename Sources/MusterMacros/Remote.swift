// What the macros write names types of both modules: one import is enough for their users.
@_exported public import Muster

/// Makes a function callable in other processes: `@Remote func square(_ x: Int) -> Int` gives `$square`.
///
///     @Remote func square(_ x: Int) -> Int { x * x }
///     @Remote func add(_ x: Double, by y: Double) -> Double { x + y }
///
///     let squares = try await pmap($square, 1...100)
///     let sum = try await fetchfrom(2, $add(5, by: 2.5))
///
/// - A function of one parameter gives a value that conforms to `RemoteFunction`, or to `RemoteProcedure` if it has no
///   result; one without parameters gives a `RemoteThunk`, or a `RemoteAction`.
/// - A function of several gives one of the same name, labels and defaults, which makes a `RemoteThunk` or `RemoteAction`
///   of the arguments: `pmap(zip(a, b)) { $add($0, by: $1) }`.
///
/// The function may be `async` and `throws`, private, at the top of a file or static in a type or an extension, where
/// `Geometry.$area` is beside `Geometry.area`. Parameters and result are `Codable` and `Sendable`. The macro writes a type
/// `Remote_square` beside the function, so there is one with `@Remote` of each name in a scope. What cannot work (instance
/// methods, local functions, generic ones, `inout`, closures as parameters, …) is an error that says what to write instead.
@attached(peer, names: prefixed(`$`), prefixed(Remote_))
public macro Remote() = #externalMacro(module: "MusterMacrosPlugin", type: "RemoteMacro")

/// Makes a remote function of a closure, where it is used.
///
///     let table = try readTable()
///     let values = try await pmap(#remote { [table = table as [Double]] (i: Int) -> Double in
///       table[i] * 2
///     }, 0..<100)
///
/// It captures what its capture list names, with its type, and nothing else; captures, parameter and result are `Codable`
/// and `Sendable`. The types are written out, as the macro sees only the source. It may `try` and `await`. It cannot stand
/// in what is generic, nor in another `#remote`. What travels is the place of the closure in the source and the
/// captures; the closure itself is found there by every process of the same build.
@freestanding(expression)
public macro remote<Input: Sendable, Output: Sendable>(
  _ closure: (Input) async throws -> Output
) -> RemoteClosure<Input, Output> = #externalMacro(module: "MusterMacrosPlugin", type: "RemoteClosureMacro")

/// Makes a remote function without a result of a closure.
///
///     try await remoteDo(#remote { (text: String) -> Void in print(text) }, on: 2, "hello")
@freestanding(expression)
public macro remote<Input: Sendable>(
  _ closure: (Input) async throws -> Void
) -> RemoteClosure<Input, Nothing> = #externalMacro(module: "MusterMacrosPlugin", type: "RemoteClosureMacro")

/// Makes a remote thunk of a closure.
///
///     let name = try await fetchfrom(2, #remote { () -> String in hostName() })
@freestanding(expression)
public macro remote<Output: Sendable>(
  _ closure: () async throws -> Output
) -> RemoteClosure<Nothing, Output> = #externalMacro(module: "MusterMacrosPlugin", type: "RemoteClosureMacro")

/// Makes a remote thunk without a result of a closure.
///
///     try await everywhere(#remote { [seed = seed as Int] () -> Void in setSeed(seed) })
@freestanding(expression)
public macro remote(
  _ closure: () async throws -> Void
) -> RemoteClosure<Nothing, Nothing> = #externalMacro(module: "MusterMacrosPlugin", type: "RemoteClosureMacro")
