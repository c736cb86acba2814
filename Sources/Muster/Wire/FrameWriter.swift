import Glibc

/// Builds one frame at a time in memory that is kept for the next.
///
/// The properties that every append touches are `@exclusivity(unchecked)`: the run-time check took a third
/// of the time of a small value, and no access to them is ever open while other code runs.
final class FrameWriter {
  /// What `reset` lets a writer keep; more would pin the memory of its largest frame for good.
  static let keptCapacity = 64 * 1024

  private static let initialCapacity = 512

  /// The first byte of the frame; moves when the frame grows.
  @exclusivity(unchecked) private(set) var base: UnsafeMutableRawPointer

  /// How many bytes the frame has so far.
  @exclusivity(unchecked) private(set) var count = 0

  @exclusivity(unchecked) private var capacity: Int

  /// The arrays that travel beside the frame, in the order of their indices in it.
  @exclusivity(unchecked) private(set) var bulk: [BulkArray] = []

  /// The references to values of the cluster in the frame.
  let references: OutgoingReferences

  /// What every `Encoder` hands to the values it encodes.
  var userInfo: [CodingUserInfoKey: any Sendable]

  /// Whether a value has asked for `userInfo`: what it wrote may depend on where the frame goes.
  @exclusivity(unchecked) private(set) var userInfoWasRead = false

  /// The writer whose frame this one will become a part of: indices of arrays count there.
  private let owner: FrameWriter?

  init(userInfo: [CodingUserInfoKey: any Sendable] = [:]) {
    self.userInfo = userInfo
    references = OutgoingReferences()
    owner = nil
    capacity = Self.initialCapacity
    base = .allocate(byteCount: capacity, alignment: 16)
  }

  /// Creates a writer for a part of another's frame that is spliced in later.
  init(partOf owner: FrameWriter) {
    userInfo = owner.userInfo
    references = owner.references
    self.owner = owner
    capacity = Self.initialCapacity
    base = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit {
    base.deallocate()
  }

  /// Forgets the frame, its arrays and all but a little of its memory.
  func reset() {
    count = 0
    if !references.isEmpty, owner == nil { references.removeAll() }
    userInfoWasRead = false
    if !bulk.isEmpty { bulk.removeAll(keepingCapacity: bulk.capacity <= 64) }
    if capacity > Self.keptCapacity {
      base.deallocate()
      capacity = Self.keptCapacity
      base = .allocate(byteCount: capacity, alignment: 16)
    }
  }

  /// Calls `body` with the bytes of the frame.
  func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// Adds an array that travels beside the frame and returns its index. An array that is there several times travels
  /// once: of those that were added last the same one is found again.
  func append(bulk array: BulkArray) -> Int {
    if let owner { return owner.append(bulk: array) }
    if let index = bulk.suffix(8).firstIndex(where: { $0.isSame(as: array) }) { return index }
    bulk.append(array)
    return bulk.count - 1
  }

  func noteUserInfoWasRead() {
    if let owner { return owner.noteUserInfoWasRead() }
    userInfoWasRead = true
  }
}

// MARK: - Room

extension FrameWriter {
  /// Makes sure that `byteCount` more bytes can be stored and returns where.
  @inline(__always)
  func reserve(_ byteCount: Int) -> UnsafeMutableRawPointer {
    if capacity - count < byteCount { grow(by: byteCount) }
    return base + count
  }

  /// Takes the bytes that were stored after `reserve` into the frame.
  @inline(__always)
  func commit(_ byteCount: Int) {
    count += byteCount
  }

  @inline(never)
  private func grow(by byteCount: Int) {
    capacity = max(capacity * 2, count + byteCount)
    // The memory came from `allocate` with malloc's own alignment, so realloc may move it.
    guard let moved = realloc(base, capacity) else { fatalError("no memory for a frame of \(capacity) bytes") }
    base = moved
  }
}

// MARK: - Going back

extension FrameWriter {
  /// A point in a frame to return to when a value cannot be encoded.
  struct Mark {
    fileprivate let count: Int
    fileprivate let bulkCount: Int
  }

  /// The end of the frame as it is now.
  var mark: Mark { Mark(count: count, bulkCount: owner?.mark.bulkCount ?? bulk.count) }

  func byteCount(since mark: Mark) -> Int { count - mark.count }

  /// Drops everything that was written since the mark was taken.
  func rewind(to mark: Mark) {
    count = mark.count
    dropBulk(after: mark.bulkCount)
  }

  private func dropBulk(after bulkCount: Int) {
    if let owner { return owner.dropBulk(after: bulkCount) }
    bulk.removeSubrange(bulkCount...)
  }
}
