import CMuster
import Synchronization

/// A received call, as the function that serves it sees it.
///
/// Muster's own: it is public only because `RemoteFunction._serve` is.
// @unchecked: belongs to one serving loop, whose task alone touches it, from `takeRequest` until the function has
// finished. `@exclusivity(unchecked)`: no access to these properties is open while other code runs, but for `reader`
// while it decodes, and what decodes does not know of the call.
public final class IncomingCall: @unchecked Sendable {
  @exclusivity(unchecked) private(set) var kind = MessageKind.cast
  @exclusivity(unchecked) private(set) var id: UInt64 = 0
  @exclusivity(unchecked) private(set) var target: CallTarget!
  /// Unsafe only in name: the loop owns the call, and nobody else does.
  private unowned(unsafe) let loop: ServingLoop
  @exclusivity(unchecked) private(set) var link: Link!
  /// Nothing has been received behind it: its answer need not wait for others.
  @exclusivity(unchecked) private(set) var isLast = false
  /// Where the result of a spawned call is kept.
  @exclusivity(unchecked) private(set) var promise: ReferencePromise?
  @exclusivity(unchecked) private var reader = FrameReader(UnsafeRawBufferPointer(start: nil, count: 0))
  @exclusivity(unchecked) private var storage: FrameStorage?
  /// Where the body of a small request is copied to, because the receive buffer is used again.
  @exclusivity(unchecked) private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 16)

  init(loop: ServingLoop) { self.loop = loop }

  deinit { memory.deallocate() }

  // MARK: Receiving

  func load(_ frame: Frame, from link: Link, target: CallTarget, isLast: Bool) {
    self.isLast = isLast
    let bytes = Request.body(of: frame)
    guard frame.storage == nil else {
      return load(kind: frame.header.kind, id: frame.header.id, link, target, bytes, frame.arrays, frame.storage)
    }
    if memory.count < bytes.count {
      memory.deallocate()
      memory = .allocate(byteCount: 2 * bytes.count, alignment: 16)
    }
    memory.copyMemory(from: bytes)
    let body = UnsafeRawBufferPointer(start: memory.baseAddress, count: bytes.count)
    load(kind: frame.header.kind, id: frame.header.id, link, target, body, frame.arrays, nil)
  }

  func load(_ request: Request, from link: Link) {
    isLast = false
    load(
      kind: request.kind, id: request.id, link, request.target, UnsafeRawBufferPointer(request.storage.bytes),
      request.arrays, request.storage)
  }

  private func load(
    kind: MessageKind, id: UInt64, _ link: Link, _ target: CallTarget, _ body: UnsafeRawBufferPointer,
    _ arrays: [BulkArray], _ storage: FrameStorage?
  ) {
    self.kind = kind
    self.id = id
    // Most calls are like the one before; comparing is cheaper than counting references.
    if self.target !== target { self.target = target }
    if self.link !== link { self.link = link }
    if storage != nil || self.storage != nil { self.storage = storage }
    reader = FrameReader(body, bulk: arrays, userInfo: storage?.userInfo ?? .init())
    if promise != nil { promise = nil }
    if kind == .spawn { reserveReference() }
  }

  /// Makes the place for the result of a spawned call, before anything that comes after the call is run: its release,
  /// say. A frame too short to begin with the number of the reference fails when the function is decoded.
  private func reserveReference() {
    guard let number = try? reader.read(UInt64.self) else { return }
    promise = link.context.references.create(RRID(whence: link.peer, id: number), holder: link.peer)
  }

  /// Lets go of what the call brought with it.
  func clear() {
    if storage == nil, promise == nil { return }
    storage = nil
    promise = nil
    reader = FrameReader(UnsafeRawBufferPointer(start: nil, count: 0))
  }

  // MARK: For `_serve`

  @usableFromInline
  func decode<Value: Decodable>() throws -> Value {
    do {
      return try reader.decode(Value.self)
    } catch {
      throw ClusterError(
        .cannotDecode, "process \(link.context.processID) cannot decode the call of \(target.name): \(error)",
        cause: error)
    }
  }

  /// The function has returned.
  @usableFromInline
  func finish<Value: Codable & Sendable>(_ value: Value) throws {
    switch kind {
    case .cast: return
    case .spawn:
      promise?.fulfil(.success(value))
      try answerUnasked(value)
    default: try answer(value)
    }
  }

  /// The function has thrown, or could not be decoded, or its result not be encoded.
  @usableFromInline
  func fail(_ error: any Error) {
    if kind == .spawn { promise?.fulfil(.failure(error)) }
    answer(failure: error)
  }

  /// The function has been dealt with. Returns whether there is another call of the same one; it has been loaded then.
  @usableFromInline
  func hasNext() -> Bool { loop.advance() }
}
