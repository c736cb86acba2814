/// Which operation on which channel, and whose.
struct ChannelCall: Codable, Sendable {
  private let whence: Int
  private let number: UInt64
  private let caller: Int
  private let receiptNumber: UInt64

  init(_ id: RRID, _ receipt: Receipt) {
    whence = id.whence.rawValue
    number = id.id
    caller = receipt.process.rawValue
    receiptNumber = receipt.number
  }

  var receipt: Receipt { Receipt(process: ProcessID(caller), number: receiptNumber) }

  var id: RRID { RRID(whence: ProcessID(whence), id: number) }
}

/// As an array of four numbers: entry by entry its coding took longer than all the rest of an operation.
extension ChannelCall: DirectlyCoded {
  static var isScalar: Bool { true }

  static func encode(_ value: UnsafeRawPointer, to writer: FrameWriter) {
    writer.write(WireTag.array)
    writer.write(WireTag.uint64)
    writer.write(UInt8(MemoryLayout<Self>.size / 8))
    writer.write(bytes: UnsafeRawBufferPointer(start: value, count: MemoryLayout<Self>.size))
  }

  static func decode(
    _ value: WireValue, in bytes: UnsafeRawBufferPointer, bulk: [BulkArray], to result: UnsafeMutableRawPointer
  ) -> Bool {
    guard value.tag == .array, value.detail == Int(WireTag.uint64.rawValue),
      value.end - value.payload == MemoryLayout<Self>.size
    else { return false }
    store(bytes.loadUnaligned(fromByteOffset: value.payload, as: Self.self), to: result)
    return true
  }
}

/// An operation on a channel: up to where it first suspends nothing overtakes it, so that a `cancel` finds it.
protocol ChannelFunction: RemoteFunction, OrderedFunction {
  var call: ChannelCall { get }
  init(call: ChannelCall)
}

/// Coded as the call alone.
extension ChannelFunction {
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(call)
  }

  init(from decoder: any Decoder) throws {
    self.init(call: try decoder.singleValueContainer().decode(ChannelCall.self))
  }
}

// MARK: - At the owner

extension ChannelCall {
  /// The channel, if the owner has heard of it.
  ///
  /// - Throws: `ClusterError` when its elements are of another type.
  func channel<Element>(of type: Element.Type) throws(ClusterError) -> (any KeptChannel)? {
    let channel = try channel()
    try channel?.check(type)
    return channel
  }

  func channel() throws(ClusterError) -> (any KeptChannel)? { try Cluster.current.references.channelIfKept(id) }

  /// What is thrown where there is no such channel yet.
  ///
  /// - Throws: `ClusterError` when there will be none.
  func tooEarly() async throws -> ChannelWasLate {
    _ = try await Cluster.current.channel(id)
    return ChannelWasLate()
  }

  /// Does it at once, if it can be done without waiting; otherwise `nil`, and it is to be waited for.
  func attempt(_ operation: ChannelOperation, on channel: any KeptChannel) throws -> (any Sendable)? {
    defer { checkCaller(of: channel) }
    return try channel.attempt(operation, for: receipt)
  }

  func lend(_ limit: Int, from channel: any KeptChannel) throws -> [any Sendable]? {
    defer { checkCaller(of: channel) }
    return try channel.lend(limit, for: receipt)
  }

  /// To be called when an operation has ended: had its caller gone before it began, the channel was told too early.
  func checkCaller(of channel: any KeptChannel) {
    if Cluster.current.references.isGone(receipt.process) { channel.lost(receipt.process) }
  }

  func perform<Value>(on channel: any KeptChannel, _ body: () async throws -> Value) async throws -> Value {
    defer { checkCaller(of: channel) }
    return try await body()
  }
}

/// The owner did not know the channel when it was asked, and does now. Whoever asked asks again: what follows a request
/// that waits for its channel, such as that it is not wanted any more, would overtake it.
struct ChannelWasLate: Error, Codable {}
