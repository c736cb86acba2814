/// What all decoders of one frame share. `@exclusivity(unchecked)` for the reason `FrameWriter` gives.
final class DecodingFrame {
  @exclusivity(unchecked) private(set) var bytes: UnsafeRawBufferPointer
  @exclusivity(unchecked) private(set) var bulk: [BulkArray]
  @exclusivity(unchecked) private(set) var userInfo: [CodingUserInfoKey: any Sendable]

  /// What was found malformed where nothing could be thrown.
  @exclusivity(unchecked) private(set) var failure: WireError?

  /// Keeps the bytes alive if they are not the caller's.
  private let owner: AnyObject?

  /// Creates a frame without bytes.
  init() {
    bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    bulk = []
    userInfo = [:]
    owner = nil
  }

  /// Creates a frame whose bytes are the elements of an array.
  init(_ array: BulkArray, userInfo: [CodingUserInfoKey: any Sendable]) {
    bytes = array.bytes
    bulk = []
    self.userInfo = userInfo
    owner = array
  }

  /// Makes this the frame of some bytes.
  @inline(__always)
  func open(_ bytes: UnsafeRawBufferPointer, bulk: [BulkArray], userInfo: [CodingUserInfoKey: any Sendable]) {
    self.bytes = bytes
    self.bulk = bulk
    self.userInfo = userInfo
    failure = nil
  }

  /// Lets go of the bytes: a decoder that someone kept finds none, rather than freed memory.
  @inline(__always)
  func invalidate() {
    bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    if !bulk.isEmpty { bulk = [] }
    if !userInfo.isEmpty { userInfo = [:] }
  }

  func note(_ error: WireError) {
    failure = failure ?? error
  }
}
