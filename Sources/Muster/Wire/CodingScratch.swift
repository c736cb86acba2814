import Glibc

/// What a thread keeps from one coded value for the next: small values cost little more than the
/// allocations and metadata look-ups that this saves.
///
/// No locks: each thread has its own, and `encode(to:)` and `init(from:)` cannot suspend, so the
/// thread does not change between taking an object and giving it back.
struct CodingScratch {
  /// The first of the encoders nobody uses; each knows the next.
  fileprivate var encoders: WireEncoder?

  /// The first of the decoders nobody uses; each knows the next.
  fileprivate var decoders: WireDecoder?

  fileprivate var frame: DecodingFrame?

  /// See `maker(for:)`.
  private var makers = [Unmanaged<AnyKeyedContainers>?](repeating: nil, count: makerCount)

  /// A power of two. Types of keys that fall on the same place push one another out.
  private static let makerCount = 64

  /// See `EmptyTypes`.
  var emptyEncoded = EmptyTypes()
  var emptyDecoded = EmptyTypes()

  private static let key = {
    var key = pthread_key_t()
    let failure = pthread_key_create(&key) { CodingScratch.destroy($0!) }
    precondition(failure == 0, "no thread-specific key is left")
    return key
  }()

  /// What the calling thread keeps; plain memory, which lives as long as the thread.
  @inline(__always)
  static var current: UnsafeMutablePointer<CodingScratch> {
    pthread_getspecific(key)?.assumingMemoryBound(to: CodingScratch.self) ?? makeCurrent()
  }

  @inline(never)
  private static func makeCurrent() -> UnsafeMutablePointer<CodingScratch> {
    let scratch = UnsafeMutablePointer<CodingScratch>.allocate(capacity: 1)
    scratch.initialize(to: CodingScratch())
    pthread_setspecific(key, scratch)
    return scratch
  }

  private static func destroy(_ memory: UnsafeMutableRawPointer) {
    let scratch = memory.assumingMemoryBound(to: CodingScratch.self)
    for maker in scratch.pointee.makers { maker?.release() }
    scratch.deinitialize(count: 1)
    scratch.deallocate()
  }
}

// MARK: - Objects

// An object is taken back only if no other reference to it exists. So whoever kept an encoder or
// a container, which holds its encoder, keeps that one for good and never sees it change.
extension CodingScratch {
  @inline(__always)
  mutating func takeEncoder() -> WireEncoder {
    guard let encoder = encoders.take() else { return WireEncoder() }
    swap(&encoders, &encoder.next)
    return encoder
  }

  @inline(__always)
  mutating func takeDecoder() -> WireDecoder {
    guard let decoder = decoders.take() else { return WireDecoder() }
    swap(&decoders, &decoder.next)
    return decoder
  }

  @inline(__always)
  mutating func takeFrame() -> DecodingFrame {
    frame.take() ?? DecodingFrame()
  }
}

// Not methods of the scratch itself: `clear` may release a key of the program's own making, whose
// `deinit` is free to code something, and that would be a second access to the scratch during the first.
extension UnsafeMutablePointer<CodingScratch> {
  @inline(__always)
  func giveBack(_ encoder: inout WireEncoder) {
    guard isKnownUniquelyReferenced(&encoder) else { return }
    encoder.clear()
    swap(&encoder.next, &pointee.encoders)
    pointee.encoders = encoder
  }

  @inline(__always)
  func giveBack(_ decoder: inout WireDecoder) {
    guard isKnownUniquelyReferenced(&decoder) else { return }
    decoder.clear()
    swap(&decoder.next, &pointee.decoders)
    pointee.decoders = decoder
  }

  @inline(__always)
  func giveBack(_ frame: inout DecodingFrame) {
    guard isKnownUniquelyReferenced(&frame) else { return }
    pointee.frame = frame
  }
}

// MARK: - Keyed containers

extension CodingScratch {
  /// Makes the container of an encoder.
  @inline(__always)
  mutating func writer<Key: CodingKey>(for type: Key.Type, of encoder: WireEncoder) -> KeyedEncodingContainer<Key> {
    maker(for: type)._withUnsafeGuaranteedRef { unsafeDowncast($0, to: KeyedContainers<Key>.self).writer(encoder) }
  }

  /// Makes the container of a decoder.
  @inline(__always)
  mutating func reader<Key: CodingKey>(for type: Key.Type, of decoder: WireDecoder) -> KeyedDecodingContainer<Key> {
    maker(for: type)._withUnsafeGuaranteedRef { unsafeDowncast($0, to: KeyedContainers<Key>.self).reader(decoder) }
  }

  /// Returns a `KeyedContainers` for a type of keys, which stays alive until the next call.
  @inline(__always)
  private mutating func maker<Key: CodingKey>(for type: Key.Type) -> Unmanaged<AnyKeyedContainers> {
    let address = UInt(bitPattern: ObjectIdentifier(type))
    let index = Int(truncatingIfNeeded: (address >> 4) ^ (address >> 10)) & (Self.makerCount - 1)
    // Only `KeyedContainers.init` sets `keyType`, to its own parameter, so it tells the class.
    if let maker = makers[index], maker._withUnsafeGuaranteedRef({ $0.keyType == ObjectIdentifier(type) }) {
      return maker
    }
    return addMaker(for: type, at: index)
  }

  @inline(never)
  private mutating func addMaker<Key: CodingKey>(for type: Key.Type, at index: Int) -> Unmanaged<AnyKeyedContainers> {
    let maker = Unmanaged<AnyKeyedContainers>.passRetained(
      KeyedContainersOf<Key, KeyedWriter<Key>, KeyedReader<Key>>())
    makers[index]?.release()
    makers[index] = maker
    return maker
  }
}
