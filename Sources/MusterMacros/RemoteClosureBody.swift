import CMuster

/// What a closure behind `#remote` becomes: a type with the captures as its properties. Not to be conformed to by hand.
public protocol RemoteClosureBody<_Input, _Output>: Codable, Sendable {
  // Named so that they hide no type of the user's.
  associatedtype _Input: Sendable
  associatedtype _Output: Sendable

  /// Its place in the source: `Program/Main.swift:12:5`.
  static var _site: String { get }
  func _run(_ input: _Input) async throws -> _Output
}

/// What a closure leaves in the executable's section `muster_closures`: writes its `any RemoteClosureBody.Type` into memory.
public typealias RemoteClosureRecord = @convention(c) (UnsafeMutableRawPointer) -> Void

/// All closures behind `#remote` in this executable.
enum RemoteClosureSites {
  /// By their places in the source.
  static let all: [String: any RemoteClosureBody.Type] = {
    var count = 0
    let records = muster_closure_records(&count)
    let place = UnsafeMutablePointer<any RemoteClosureBody.Type>.allocate(capacity: 1)
    defer { place.deallocate() }
    var types: [String: any RemoteClosureBody.Type] = [:]
    for record in UnsafeBufferPointer(start: records, count: count) {
      record(place)
      types[place.pointee._site] = place.pointee
    }
    return types
  }()
}
