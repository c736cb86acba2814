public import Muster

/// The function that `#remote { … }` makes; a `RemoteThunk` if the closure has no parameter.
// Types that are not Codable are accepted at first, so that the compiler says of them that they are not, rather than that
// there is no macro of the name for such a closure.
public struct RemoteClosure<Input: Sendable, Output: Sendable>: Sendable {
  private let body: any RemoteClosureBody<Input, Output>

  /// Called by the code that `#remote` writes.
  public init(_ body: some RemoteClosureBody<Input, Output>) { self.body = body }
}

extension RemoteClosure: Codable, RemoteFunction where Input: Codable, Output: Codable {
  /// Runs the closure in this process.
  ///
  /// - Throws: what the closure throws.
  public func callAsFunction(_ input: Input) async throws -> Output { try await body._run(input) }

  /// Reads the place of the closure and its captures.
  ///
  /// - Throws: `DecodingError` if this executable has no such closure.
  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    let site = try container.decode(String.self)
    guard let type = RemoteClosureSites.all[site] else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "there is no #remote at \(site) in this build of the program")
    }
    guard let body = try container.decode(type) as? any RemoteClosureBody<Input, Output> else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "the #remote at \(site) is no function from \(Input.self) to \(Output.self)")
    }
    self.body = body
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(type(of: body)._site)
    try container.encode(body)
  }
}

extension RemoteClosure: RemoteThunk where Input == Nothing, Output: Codable {
  /// Runs the closure in this process.
  ///
  /// - Throws: what the closure throws.
  public func callAsFunction() async throws -> Output { try await body._run(Nothing()) }
}
