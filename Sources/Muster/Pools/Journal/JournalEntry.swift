import Crypto

/// Which item of which map a result belongs to: a hash of the function with all it has captured, of the item, and of the
/// type of the result. So a journal may serve several maps, and what was computed with other parameters is not taken.
struct JournalKey: Hashable, Sendable {
  static let size = 32
  let bytes: [UInt8]

  /// The keys of the items of one map.
  struct Maker {
    private let base: SHA256

    /// - Throws: `ClusterError` `.invalidArgument` for a function that holds references, which another run would not
    ///   know again; what prevents it from being encoded.
    init<F: RemoteFunction>(_ function: F) throws {
      var hash = SHA256()
      for type in [_typeName(F.self, qualified: true), _typeName(F.Output.self, qualified: true)] {
        hash.update(data: Array(type.utf8) + [0])
      }
      try JournalKey.add(function, "the function", to: &hash)
      base = hash
    }

    /// - Throws: as `init`.
    func key(of item: some Encodable) throws -> JournalKey {
      var hash = base
      try JournalKey.add(item, "an item", to: &hash)
      return JournalKey(bytes: Array(hash.finalize()))
    }
  }

  private static func add(_ value: some Encodable, _ what: String, to hash: inout SHA256) throws {
    let encoded = try EncodedValue(value)
    guard !encoded.dependsOnDestination else {
      throw ClusterError(
        .invalidArgument,
        "pmap: \(what) holds a future, a channel or a pool, which another run does not know again: no journal is possible"
      )
    }
    encoded.withParts { hash.update(bufferPointer: $0) }
  }
}

/// The result of one item.
struct JournalEntry: Equatable, Sendable {
  let key: JournalKey
  /// An `EncodedValue`.
  let value: [UInt8]

  var body: [UInt8] { key.bytes + value }

  init(key: JournalKey, value: [UInt8]) {
    self.key = key
    self.value = value
  }

  /// `nil` for what is too short to be one.
  init?(body: ArraySlice<UInt8>) {
    guard body.count >= JournalKey.size else { return nil }
    key = JournalKey(bytes: Array(body.prefix(JournalKey.size)))
    value = Array(body.dropFirst(JournalKey.size))
  }
}
